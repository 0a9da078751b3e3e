"""What a window holds of its seconds, and what it says of them."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings

from operators.windowed import Windowed
from operators.windowing import Windower, WindowingConfig
from schemas import AudioFrame, ImuFrame, Vector, Window
from schemas.frames import NS
from tests.operators.frames import (
    CONFIG,
    IMU_RATE,
    RATE,
    T0,
    AnyFrame,
    Noting,
    Samples,
    alternating,
    audio,
    audio_frames,
    audio_signal,
    by_id,
    four_seconds,
    imu,
    imu_frames,
    imu_signal,
    recordings,
    run,
    windows_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


@settings(max_examples=30)
@given(recordings())
def test_features_are_computed_once_a_slice(
    recording: tuple[list[AudioFrame], list[ImuFrame], list[AnyFrame]],
) -> None:
    _, _, interleaved = recording
    featurizer = Samples()
    windower: Windower[int] = Windower(CONFIG, featurizer)
    windows = []
    for token, frame in enumerate(interleaved):
        windows += windower.push(frame, token).windows
    seconds = {w.start_ns for w in windows if w.kind == "spatial"}
    assert len([c for c in featurizer.calls if c[0] == "audio"]) == len(seconds)


def test_a_gap_is_masked_and_reported_as_coverage() -> None:
    frames = [f for f in audio_frames(T0, 4 * RATE) if f.seq != 1]
    windows = windows_of(alternating(frames, imu_frames(T0, 200)))
    [scenario] = [w for w in windows if w.kind == "scenario"]
    assert scenario.coverage == {"audio": 0.75, "imu": 1.0}
    assert scenario.slices["audio"] == [1.0, 0.0, 1.0, 1.0]
    assert scenario.parts == {"spatial": 3, "har": 2}


@pytest.mark.parametrize(("gap_windows", "known"), [(1, True), (2, True), (3, False)])
def test_a_window_names_the_scenario_window_before_it_for_two_lengths(
    gap_windows: int, known: bool
) -> None:
    later = T0 + gap_windows * 4 * NS
    signal = imu_signal(50)
    windows = windows_of(
        [
            imu(0, T0, signal, alone=True),
            imu(1, later, signal, final=True, alone=True),
        ]
    )
    afters = {w.kind: w.after for w in windows if w.start_ns == later}
    want = T0 if known else None
    assert afters == {"har": want, "scenario": want}
    assert {w.after for w in windows if w.start_ns == T0} == {None}


def test_a_window_says_whose_it_is_what_it_holds_and_what_is_inside_it() -> None:
    windows = by_id(windows_of(four_seconds()))
    sound = audio_signal(4 * RATE).astype(np.float32) / 32_768
    motion = imu_signal(200)
    assert windows[f"d/s/scenario/{T0}"] == Window(
        device_id="d",
        window_id=f"d/s/scenario/{T0}",
        session_id="s",
        kind="scenario",
        start_ns=T0,
        end_ns=T0 + 4 * NS,
        coverage={"audio": 1.0, "imu": 1.0},
        slices={"audio": [1.0] * 4, "imu": [1.0] * 4},
        features={"mel": Vector.of(sound, "<f2"), "imu": Vector.of(motion, "<f4")},
        parts={"spatial": 4, "har": 2},
        channels=1,
    )
    assert windows[f"d/s/har/{T0 + 2 * NS}"] == Window(
        device_id="d",
        window_id=f"d/s/har/{T0 + 2 * NS}",
        session_id="s",
        kind="har",
        start_ns=T0 + 2 * NS,
        end_ns=T0 + 4 * NS,
        coverage={"audio": 1.0, "imu": 1.0},
        slices={"audio": [1.0] * 2, "imu": [1.0] * 2},
        features={
            "mel": Vector.of(sound[2 * RATE :], "<f2"),
            "imu": Vector.of(motion[100:], "<f4"),
        },
        parts={"spatial": 2},
        channels=1,
    )
    assert windows[f"d/s/spatial/{T0 + NS}"] == Window(
        device_id="d",
        window_id=f"d/s/spatial/{T0 + NS}",
        session_id="s",
        kind="spatial",
        start_ns=T0 + NS,
        end_ns=T0 + 2 * NS,
        coverage={"audio": 1.0, "imu": 1.0},
        slices={"audio": [1.0], "imu": [1.0]},
        features={
            "maps": Vector.of(sound[None, RATE : 2 * RATE], "<f2"),
            "mel": Vector.of(sound[RATE : 2 * RATE], "<f2"),
            "imu": Vector.of(motion[50:100], "<f4"),
        },
        parts={},
        channels=1,
    )


def test_a_slice_that_never_came_is_zeros_in_its_window() -> None:
    frames = [f for f in four_seconds() if not (isinstance(f, AudioFrame) and f.seq == 2)]
    [window] = [w for w in windows_of(frames) if w.window_id == f"d/s/har/{T0 + 2 * NS}"]
    mel = window.features["mel"].array()
    assert mel.shape == (2 * RATE, 1)
    assert not mel[:RATE].any()
    assert mel[RATE:].all()


def test_what_is_missing_is_counted_in_nanoseconds_and_shares() -> None:
    signal, motion = audio_signal(RATE), imu_signal(50)
    whole = run(
        [
            audio(0, T0, signal[: RATE // 2]),
            audio(1, T0 + 2 * NS, signal[: RATE // 3]),
            audio(2, T0 + 3 * NS, signal, final=True),
            imu(0, T0, motion[:40]),
            imu(1, T0 + NS, motion),
            imu(2, T0 + 3 * NS, motion, final=True),
        ]
    )
    # Half of the first second, all of the second, and 5334 of 8000 samples of the third.
    audio_gap = NS // 2 + NS + 5_334 * NS // RATE
    assert whole.counts == {
        ("gap_ns", "audio"): audio_gap,
        ("gap_ns", "imu"): NS // 5 + NS,
    }
    [scenario] = [w for w in whole.windows if w.kind == "scenario"]
    assert scenario.slices == {"audio": [0.5, 0.0, 0.3332, 1.0], "imu": [0.8, 1.0, 0.0, 1.0]}
    assert scenario.coverage == {"audio": 0.4583, "imu": 0.7}
    assert scenario.parts == {"spatial": 3, "har": 2}


def test_seconds_in_which_a_device_sent_nothing_are_missing_of_every_stream() -> None:
    signal, motion = audio_signal(RATE), imu_signal(50)
    sent = [n for n in range(12) if n not in (5, 6)]
    frames = [
        frame
        for n in sent
        for frame in (
            audio(n, T0 + n * NS, signal, final=n == 11),
            imu(n, T0 + n * NS, motion, final=n == 11),
        )
    ]
    assert run(frames).counts == {("gap_ns", "audio"): 2 * NS, ("gap_ns", "imu"): 2 * NS}


def test_seconds_of_longer_spatial_windows_are_joined_along_time() -> None:
    config = WindowingConfig(spatial_s=2, har_s=2, scenario_s=4, allowed_lateness_s=2.0)
    [first, _] = [w for w in windows_of(four_seconds(), config) if w.kind == "spatial"]
    assert first.features["maps"].shape == [1, 2 * RATE, 1]


def test_features_are_computed_at_the_streams_own_rates() -> None:
    noting = Noting()
    windower: Windower[int] = Windower(CONFIG, noting)
    for token, frame in enumerate(four_seconds()):
        windower.push(frame, token)
    assert noting.rates == {("audio", RATE), ("imu", IMU_RATE)}


def test_features_are_kept_no_longer_than_a_window_needs_them() -> None:
    noting = Noting()
    windower: Windower[int] = Windower(CONFIG, noting)
    windows = [w for token, f in enumerate(four_seconds()) for w in windower.push(f, token).windows]
    assert [w.kind for w in windows].count("scenario") == 1
    gc.collect()
    assert len(noting.features) == 4
    assert [ref() for ref in noting.features] == [None] * 4
    assert windower.knows_session("d", "s")


def test_maps_are_kept_no_longer_than_their_spatial_window_needs_them() -> None:
    maps: list[weakref.ref[NDArray[Any]]] = []

    class Mapping(Samples):
        def audio(
            self, samples: NDArray[np.float32], rate: int, mask: NDArray[np.bool_]
        ) -> dict[str, NDArray[Any]]:
            features = super().audio(samples, rate, mask)
            features["maps"] = features["maps"].copy()
            maps.append(weakref.ref(features["maps"]))
            return features

    windower: Windower[int] = Windower(CONFIG, Mapping())
    windows = [
        w for token, f in enumerate(four_seconds()[:6]) for w in windower.push(f, token).windows
    ]
    assert {w.kind for w in windows} == {"spatial", "har"}
    gc.collect()
    assert maps
    assert [ref() for ref in maps] == [None] * len(maps)


def test_a_second_in_which_no_stream_spoke_has_no_share() -> None:
    motion = imu_signal(50)
    whole = run(
        [
            imu(0, T0, motion, alone=True),
            imu(1, T0 + 3 * NS, motion, final=True, alone=True),
        ]
    )
    windows = {(w.kind, w.start_ns): w for w in whole.windows}
    first = windows["har", T0]
    assert (first.slices, first.coverage) == ({"imu": [1.0, 0.0]}, {"imu": 0.5})
    scenario = windows["scenario", T0]
    assert scenario.slices == {"imu": [1.0, 0.0, 0.0, 1.0]}
    assert scenario.coverage == {"imu": 0.5}


class WithTagger(Samples):
    """Adds an audio tagger's log-mel to the features of sound: the slice's first sample."""

    def audio(
        self, samples: NDArray[np.float32], rate: int, mask: NDArray[np.bool_]
    ) -> dict[str, NDArray[Any]]:
        first = np.full((2, 3), samples[0, 0], dtype=np.float16)
        return {**super().audio(samples, rate, mask), "tagger_mel": first}


def test_scenario_windows_alone_carry_an_audio_taggers_log_mel() -> None:
    windower: Windower[int] = Windower(CONFIG, WithTagger())
    frames = [*audio_frames(T0, 3 * RATE)]
    windows = [w for at, f in enumerate(frames) for w in windower.push(f, at).windows]
    windows += windower.give_up("d", "s", ("audio", "imu")).windows
    kinds = {w.kind for w in windows if "tagger_mel" in w.features}
    assert ({w.kind for w in windows}, kinds) == ({"spatial", "har", "scenario"}, {"scenario"})
    [scenario] = [w for w in windows if w.kind == "scenario"]
    mel = scenario.features["tagger_mel"]
    assert (mel.dtype, mel.shape) == ("<f2", [8, 3])
    rows = mel.array()[::2, 0]
    assert rows.tolist()[:3] == [
        np.float16((1 + second * RATE % 997) / 32_768) for second in range(3)
    ]
    assert rows[3] == 0


def test_a_window_says_how_many_microphones_heard_it() -> None:
    frames: list[AnyFrame] = [
        frame.model_copy(update={"channels": 2, "samples": frame.samples * 2})
        for frame in audio_frames(T0, 4 * RATE)
    ]
    windower: Windower[int] = Windower(CONFIG, Samples())
    out = Windowed[int]()
    for token, frame in enumerate([*frames, *imu_frames(T0, 400)]):
        out.add(windower.push(frame, token))
    channels = {w.start_ns: w.channels for w in out.windows if w.kind == "har"}
    assert channels == {T0: 2, T0 + 2 * NS: 2, T0 + 4 * NS: None, T0 + 6 * NS: None}
