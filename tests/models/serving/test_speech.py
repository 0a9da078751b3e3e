from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from models.features import Features
from models.serving.registry import Registry
from models.serving.speech import (
    SPEECH,
    Detector,
    SoundSecond,
    SpeechDetector,
    SpeechGuard,
    WithSilero,
)
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from collections.abc import Callable

RATE = 16_000
WHOLE = np.ones(RATE, dtype=bool)


class Says:
    """A detector that gives one score to everything, or fails."""

    def __init__(self, score: float | Exception) -> None:
        self._score = score

    def score(self, second: SoundSecond) -> float:
        assert second.samples.shape == (1, RATE)
        assert second.rate == RATE
        assert second.mel.shape == (50, 64)
        if isinstance(self._score, Exception):
            raise self._score
        return self._score


def speaks(detector: Any, above: float = 0.1) -> bool:
    guard = SpeechGuard(Features(), lambda: detector, above)
    features = guard.audio(np.zeros((1, RATE), dtype=np.float32), RATE, WHOLE)
    assert {"mel", "maps"} < set(features)
    return bool(features[SPEECH][0] > 0)


@pytest.mark.parametrize(
    ("score", "expected"), [(0.0, False), (0.099, False), (0.1, True), (1.0, True)]
)
def test_a_second_is_speech_from_the_bound_on(score: float, expected: bool) -> None:
    assert speaks(Says(score)) is expected


@pytest.mark.parametrize("failure", [float("nan"), RuntimeError("no kernel"), MemoryError()])
def test_where_the_detector_cannot_say_all_is_speech(
    failure: float | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    assert speaks(Says(failure))


def test_where_it_cannot_be_opened_all_is_speech_and_that_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def missing() -> Any:
        raise FileNotFoundError("encoders.safetensors")

    guard = SpeechGuard(Features(), missing, 0.1)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            features = guard.audio(np.zeros((1, RATE), dtype=np.float32), RATE, WHOLE)
            assert features[SPEECH][0] > 0
    assert len([r for r in caplog.records if "all sound counts as speech" in r.message]) == 1


def test_motion_is_left_alone() -> None:
    values, mask = np.ones((50, 6), dtype=np.float32), np.ones(50, dtype=bool)
    guard = SpeechGuard(Features(), lambda: SpeechDetector(Registry()), 0.1)
    guarded = guard.imu(values, 50.0, mask, first_s=0.0, seconds=1.0)
    plain = Features().imu(values, 50.0, mask, first_s=0.0, seconds=1.0)
    assert guarded.keys() == plain.keys()
    assert (guarded["imu"] == plain["imu"]).all()


@pytest.mark.parametrize("detector", [SpeechDetector, WithSilero])
def test_real_speech_is_heard_and_silence_is_not(detector: Callable[[Registry], Detector]) -> None:
    import soundfile

    guard = SpeechGuard(Features(), lambda: detector(Registry()), 0.1)
    quiet = guard.audio(np.zeros((1, RATE), dtype=np.float32), RATE, WHOLE)
    assert not quiet[SPEECH][0]
    verdicts = []
    for path in sorted((shared_data() / "audio" / "speech_digits_16k").glob("*.ogg"))[:20]:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        assert rate == RATE
        second = np.resize(samples.T, (1, RATE))
        verdicts.append(bool(guard.audio(second, RATE, WHOLE)[SPEECH][0]))
    assert np.mean(verdicts) >= 0.8
