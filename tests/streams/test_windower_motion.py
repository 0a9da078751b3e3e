"""Motion of any rate and with any jitter becomes whole windows: the windower with its features."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.settings import Settings
from models.features import Features
from operators.windowed import Windowed
from schemas import ImuFrame, Vector, Window
from schemas.frames import NS
from streams.engine.kafka.received import Token
from streams.windower import Windowing
from tests.operators.frames import T0, cut
from tests.streams.engine.fakes import Inbox

if TYPE_CHECKING:
    from collections.abc import Sequence

AFTER_S = 1.1
BEFORE_S = 1.3  # so that the window from T0 on is whole
MAX_FRAMES = 300


@dataclass(frozen=True)
class Stream:
    """How a device sends motion whose values are the seconds since T0.

    `jitter` is the largest error of a frame's stamp in periods, `sizes` are rows a frame.
    """

    rate: float
    phase: float
    jitter: float
    sizes: Sequence[int]
    seed: int
    before_s: float = BEFORE_S

    @property
    def period_s(self) -> float:
        return 1 / self.rate

    def frames(self) -> list[ImuFrame]:
        """Return its frames in the order of their times."""
        noise = np.random.default_rng(self.seed)
        begin_s = -self.before_s + self.phase * self.period_s
        total = int((30 + self.before_s + AFTER_S) * self.rate)
        frames = []
        for seq, (first, last) in enumerate(cut(total, self.sizes)):
            t_s = begin_s + np.arange(first, last) * self.period_s
            error_s = self.jitter * noise.uniform(-1, 1) * self.period_s
            t_ns = T0 + round((begin_s + error_s) * NS) + first * 1_000 * NS // self.millihertz
            frames.append(self._frame(seq, t_ns, t_s))
        end_ns = T0 + round((30 + AFTER_S) * NS)
        return [*frames, self._frame(len(frames), end_ns, np.empty(0), final=True)]

    @property
    def millihertz(self) -> int:
        return round(self.rate * 1_000)

    def _frame(self, seq: int, t_ns: int, values: Any, *, final: bool = False) -> ImuFrame:
        rows = Vector.of(np.repeat(values[:, None], 3, axis=1))
        return ImuFrame(
            device_id="d",
            session_id="s",
            seq=seq,
            t_ns=t_ns,
            streams=["imu"],
            final=final,
            rate=self.rate,
            acc=rows,
            gyro=rows,
        )


@st.composite
def streams(draw: st.DrawFn, jitter: float = 0.499) -> Stream:
    millihertz = draw(
        st.integers(10_000, 800_000)
        | st.sampled_from([10_000, 33_333, 49_900, 50_000, 52_080, 66_667, 416_000, 800_000])
    )
    whole_s = millihertz // 1_000
    fewest = min(whole_s, whole_s * 33 // MAX_FRAMES + 1)
    return Stream(
        millihertz / 1_000,
        draw(st.floats(0, 1)),
        draw(st.floats(0, jitter)) if jitter else 0.0,
        draw(st.lists(st.integers(fewest, whole_s), min_size=1, max_size=6)),
        draw(st.integers(0, 999)),
    )


def windows_of(frames: Sequence[ImuFrame]) -> list[Window]:
    windowing, inbox = Windowing(Settings(_env_file=None), Features()), Inbox()
    out = Windowed[Token]()
    for frame in frames:
        out.add(windowing.push(inbox.receive(frame)))
    assert len(out.released) == len(frames)
    return out.windows


@settings(max_examples=12)
@given(streams())
def test_any_rate_and_jitter_gives_every_window_whole(stream: Stream) -> None:
    windows = {(w.kind, (w.start_ns - T0) // NS): w for w in windows_of(stream.frames())}
    assert set(windows) == {("scenario", s) for s in (-30, 0, 30)} | {
        ("har", s) for s in range(-5, 35, 5)
    }
    for (kind, start_s), window in windows.items():
        imu = window.features["imu"].array()
        assert imu.shape == ({"har": 250, "scenario": 1_500}[kind], 6)
        if not 0 <= start_s < 30:
            continue
        # A row whose stamp is off may fall into the second beside its own.
        assert min(window.slices["imu"]) >= 1 - 1 / int(stream.rate) - 1e-4
        moments = start_s + np.arange(len(imu)) / 50
        off = np.abs(imu - moments[:, None]).max()
        assert off <= 2.5 * stream.period_s + 0.02, off
    if not stream.jitter:
        assert windows["scenario", 0].coverage == {"imu": 1.0}


@settings(max_examples=8)
@given(streams(), st.integers(0, 999))
def test_the_order_of_arrival_within_the_lateness_changes_nothing(
    stream: Stream, seed: int
) -> None:
    frames = stream.frames()
    delays = np.random.default_rng(seed).uniform(0, 0.9 * NS, len(frames))
    delays[-1] = NS
    order = np.argsort([f.t_ns + d for f, d in zip(frames, delays, strict=True)])
    assert windows_of([frames[i] for i in order]) == windows_of(frames)


@settings(max_examples=8)
@given(streams(jitter=0), st.integers(1, 800))
def test_the_frame_size_changes_nothing(stream: Stream, size: int) -> None:
    fewest, most = min(stream.sizes), int(stream.rate)
    other = replace(stream, sizes=[min(max(size, fewest), most)])
    assert windows_of(other.frames()) == windows_of(stream.frames())


@settings(max_examples=12)
@given(streams(jitter=0))
def test_what_begins_with_a_window_is_in_none_before(stream: Stream) -> None:
    begun = replace(stream, phase=0.0, before_s=0.0)
    starts = {(w.start_ns - T0) // NS for w in windows_of(begun.frames())}
    assert starts == set(range(0, 35, 5))
