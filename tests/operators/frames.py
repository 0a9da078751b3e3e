"""Frames and a featurizer whose features are the samples themselves."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

from operators.windowed import Windowed
from operators.windowing import Windower, WindowingConfig
from schemas import POSITIONS, AudioFrame, ImuFrame, Vector, Window
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from schemas import Modality

RATE = 8_000
IMU_RATE = 50.0
T0 = 1_772_438_400 * NS
CONFIG = WindowingConfig(spatial_s=1, har_s=2, scenario_s=4, allowed_lateness_s=2.0)


class Samples:
    """Features are the samples; counts its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[Modality, int]] = []

    def audio(
        self, samples: NDArray[np.float32], rate: int, mask: NDArray[np.bool_]
    ) -> dict[str, NDArray[Any]]:
        assert samples.dtype == np.float32
        self.calls.append(("audio", int(mask.sum())))
        return {"maps": samples[:, :, None], "mel": samples.T}

    def imu(
        self,
        values: NDArray[np.float32],
        rate: float,
        mask: NDArray[np.bool_],
        *,
        first_s: float,
        seconds: float,
    ) -> dict[str, NDArray[Any]]:
        assert abs(first_s) <= 0.5 / rate + 0.001
        assert seconds == 1
        self.calls.append(("imu", int(mask.sum())))
        return {"imu": values}


def audio_signal(samples: int) -> NDArray[np.int16]:
    """Values that half precision holds exactly and that differ from their neighbours."""
    return (1 + np.arange(samples) % 997).astype(np.int16)[:, None]


def imu_signal(samples: int) -> NDArray[np.float32]:
    return np.arange(samples * 6, dtype=np.float32).reshape(-1, 6)


def audio(
    seq: int, t_ns: int, samples: NDArray[np.int16], *, session: str = "s", final: bool = False
) -> AudioFrame:
    return AudioFrame(
        device_id="d",
        session_id=session,
        seq=seq,
        t_ns=t_ns,
        final=final,
        sample_rate=RATE,
        channels=1,
        codec="pcm_s16le",
        samples=samples.astype("<i2").tobytes(),
    )


def imu(
    seq: int,
    t_ns: int,
    values: NDArray[np.float32],
    *,
    session: str = "s",
    final: bool = False,
    alone: bool = False,
) -> ImuFrame:
    return ImuFrame(
        device_id="d",
        session_id=session,
        seq=seq,
        t_ns=t_ns,
        final=final,
        streams=["imu"] if alone else ["audio", "imu"],
        rate=IMU_RATE,
        acc=Vector.of(values[:, :3]),
        gyro=Vector.of(values[:, 3:]),
    )


def cut(total: int, sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Cut `total` samples into pieces of the given sizes, the last size repeating."""
    pieces, at, turn = [], 0, 0
    while at < total:
        size = sizes[min(turn, len(sizes) - 1)]
        pieces.append((at, min(at + size, total)))
        at, turn = at + size, turn + 1
    return pieces


def audio_frames(start_ns: int, total: int, sizes: Sequence[int] = (RATE,)) -> list[AudioFrame]:
    signal = audio_signal(total)
    return [
        audio(seq, start_ns + low * NS // RATE, signal[low:high], final=high == total)
        for seq, (low, high) in enumerate(cut(total, sizes))
    ]


def imu_frames(start_ns: int, total: int, sizes: Sequence[int] = (50,)) -> list[ImuFrame]:
    signal = imu_signal(total)
    return [
        imu(seq, start_ns + round(low * NS / IMU_RATE), signal[low:high], final=high == total)
        for seq, (low, high) in enumerate(cut(total, sizes))
    ]


def windows_of(
    frames: Sequence[AudioFrame | ImuFrame], config: WindowingConfig = CONFIG
) -> list[Window]:
    windower: Windower[int] = Windower(config, Samples())
    found: list[Window] = []
    for token, frame in enumerate(frames):
        found += windower.push(frame, token).windows
    return found


def by_id(windows: Sequence[Window]) -> dict[str, Window]:
    assert len({w.window_id for w in windows}) == len(windows)
    return {w.window_id: w for w in windows}


AnyFrame = AudioFrame | ImuFrame


def alternating(first: list[AudioFrame], second: list[ImuFrame]) -> list[AnyFrame]:
    merged: list[AnyFrame] = [*first, *second]
    return sorted(merged, key=lambda frame: frame.t_ns)


@st.composite
def recordings(draw: st.DrawFn) -> tuple[list[AudioFrame], list[ImuFrame], list[AnyFrame]]:
    """The two streams of a recording, and one interleaving of them."""
    start_ns = T0 + draw(st.integers(0, 5 * NS))
    seconds = draw(st.floats(1.0, 11.0))
    sizes = draw(st.lists(st.integers(400, RATE), min_size=1, max_size=8))
    imu_sizes = draw(st.lists(st.integers(1, 50), min_size=1, max_size=8))
    first = audio_frames(start_ns, round(seconds * RATE), sizes)
    second = imu_frames(start_ns, round(seconds * IMU_RATE), imu_sizes)
    turns = draw(st.permutations([0] * len(first) + [1] * len(second)))
    streams = [iter(first), iter(second)]
    return first, second, [next(streams[turn]) for turn in turns]  # type: ignore[misc]


def with_positions(frames: list[AnyFrame], data: st.DataObject) -> list[AnyFrame]:
    """Return frames of which each says where its device is worn, or nothing."""
    said = data.draw(st.lists(st.sampled_from([None, *POSITIONS]), min_size=1, max_size=9))
    return [
        frame.model_copy(update={"position": said[frame.t_ns // 10_000_000 % len(said)]})
        for frame in frames
    ]


def whole_session(name: str) -> list[AnyFrame]:
    """Four seconds of motion alone: one scenario window, out with the final frame."""
    signal = imu_signal(200)
    return [
        imu(
            second,
            T0 + second * NS,
            signal[second * 50 : (second + 1) * 50],
            session=name,
            final=second == 3,
            alone=True,
        )
        for second in range(4)
    ]


def run(frames: Sequence[AnyFrame], config: WindowingConfig = CONFIG) -> Windowed[int]:
    """Return all that the frames brought about; a frame's token is its place."""
    windower: Windower[int] = Windower(config, Samples())
    whole: Windowed[int] = Windowed()
    for token, frame in enumerate(frames):
        whole.add(windower.push(frame, token))
    return whole


def four_seconds() -> list[AnyFrame]:
    return alternating(audio_frames(T0, 4 * RATE), imu_frames(T0, 200))


class Noting(Samples):
    """Notes the rates that it is given and whether its features of motion still exist."""

    def __init__(self) -> None:
        super().__init__()
        self.rates: set[tuple[str, float]] = set()
        self.features: list[weakref.ref[NDArray[Any]]] = []

    def audio(
        self, samples: NDArray[np.float32], rate: int, mask: NDArray[np.bool_]
    ) -> dict[str, NDArray[Any]]:
        self.rates.add(("audio", rate))
        return super().audio(samples, rate, mask)

    def imu(
        self, values: NDArray[np.float32], rate: float, mask: NDArray[np.bool_], **where: float
    ) -> dict[str, NDArray[Any]]:
        self.rates.add(("imu", rate))
        motion = values.copy()
        self.features.append(weakref.ref(motion))
        return {"imu": motion}
