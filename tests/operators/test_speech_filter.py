"""Sound in which somebody speaks leaves no window, nor do its windows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operators.windowed import Windowed
from operators.windowing import Windower
from schemas.frames import NS
from tests.operators.frames import (
    CONFIG,
    RATE,
    T0,
    Samples,
    alternating,
    audio_frames,
    imu_frames,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operators.window_assembler import SpeechFilter
    from schemas import Window


class Speaking(Samples):
    """Somebody speaks in the seconds whose first sample is a number of `seconds`."""

    def __init__(self, seconds: set[int]) -> None:
        super().__init__()
        self._seconds = seconds

    def audio(
        self, samples: NDArray[np.float32], rate: int, mask: NDArray[np.bool_]
    ) -> dict[str, NDArray[Any]]:
        number = len([kind for kind, _ in self.calls if kind == "audio"])
        speech = np.array([number in self._seconds], dtype=np.float16)
        return {**super().audio(samples, rate, mask), "speech": speech}


def filter_windows(how: SpeechFilter, seconds: set[int]) -> Windowed[int]:
    """Eight seconds, two scenario windows, in some of which somebody speaks."""
    windower: Windower[int] = Windower(replace(CONFIG, speech_filter=how), Speaking(seconds))
    out = Windowed[int]()
    frames = alternating(audio_frames(T0, 8 * RATE), imu_frames(T0, 400))
    for token, frame in enumerate(frames):
        out.add(windower.push(frame, token))
    assert sorted(out.released) == list(range(len(frames)))
    return out


def starts_with(windows: Sequence[Window], kind: str, modality: str) -> list[int]:
    return [(w.start_ns - T0) // NS for w in windows if w.kind == kind and modality in w.coverage]


def test_of_windows_with_speech_no_feature_of_sound_leaves() -> None:
    out = filter_windows("drop-features", {1})
    assert starts_with(out.windows, "spatial", "audio") == [0, 2, 3, 4, 5, 6, 7]
    assert starts_with(out.windows, "har", "audio") == [2, 4, 6]
    assert starts_with(out.windows, "har", "imu") == [0, 2, 4, 6]
    assert starts_with(out.windows, "scenario", "audio") == [4]
    assert starts_with(out.windows, "scenario", "imu") == [0, 4]
    for window in out.windows:
        assert "speech" not in window.features
        if "audio" not in window.coverage:
            assert set(window.features) == {"imu"}
    [first] = [w for w in out.windows if w.kind == "scenario" and w.start_ns == T0]
    assert first.parts == {"spatial": 3, "har": 2}
    assert out.counts["speech", "audio"] == 3


def test_windows_with_speech_can_be_dropped_whole() -> None:
    out = filter_windows("drop-window", {1})
    assert starts_with(out.windows, "har", "imu") == [2, 4, 6]
    assert starts_with(out.windows, "scenario", "imu") == [4]
    assert out.counts["speech", "audio"] == 3


def test_microphones_are_known_of_windows_whose_sound_is_dropped() -> None:
    out = filter_windows("drop-features", {1})
    assert {w.channels for w in out.windows} == {1}


def test_without_the_filter_speech_is_a_sound_like_any_other() -> None:
    out = filter_windows("off", set(range(8)))
    assert starts_with(out.windows, "scenario", "audio") == [0, 4]
    assert not out.counts["speech", "audio"]
    assert not [w for w in out.windows if "speech" in w.features]


def test_a_featurizer_that_does_not_say_whether_somebody_speaks_counts_as_speech() -> None:
    windower: Windower[int] = Windower(replace(CONFIG, speech_filter="drop-window"), Samples())
    frames = alternating(audio_frames(T0, 4 * RATE), imu_frames(T0, 200))
    assert not [w for n, frame in enumerate(frames) for w in windower.push(frame, n).windows]
