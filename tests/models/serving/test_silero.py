from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from models.serving import silero
from models.serving.registry import Registry
from models.serving.silero import SileroDetector, SileroError
from models.serving.speech import SoundSecond, SpeechDetector, WithSilero
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from numpy.typing import NDArray


def spoken(rate: int) -> NDArray[Any]:
    """A second of a spoken digit, again and again."""
    import soundfile
    from scipy import signal

    path = sorted((shared_data() / "audio" / "speech_digits_16k").glob("*.ogg"))[0]
    samples, own = soundfile.read(path, dtype="float32")
    wave: NDArray[Any] = signal.resample_poly(np.resize(samples, own), rate, own)
    return wave.astype(np.float32)[None]


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_speech_of_any_rate_is_heard_and_neither_silence_nor_a_tone_is(rate: int) -> None:
    detector = SileroDetector()
    click = np.zeros((1, rate), np.float32)
    click[0, rate // 2 : rate // 2 + rate // 50] = 0.5
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)[None].astype(np.float32)
    assert detector.score(spoken(rate), rate) > 0.5
    assert detector.score(np.zeros((1, rate), np.float32), rate) < 0.1
    assert detector.score(tone, rate) < 0.1
    assert detector.score(click, rate) < 0.1


def test_a_voice_at_one_microphone_is_enough() -> None:
    both = np.concatenate([np.zeros((1, 16_000), np.float32), spoken(16_000)])
    detector = SileroDetector()
    assert detector.score(both, 16_000) == detector.score(both[1:], 16_000)


@pytest.mark.parametrize(
    ("own", "silero_says", "expected"),
    [(0.05, 0.3077, 0.1), (0.1, 0.8, 0.5), (0.8, 0.2, 0.8), (0.5, 1.0, 1.0), (0.1, np.nan, np.nan)],
)
def test_the_surer_one_on_our_scale_counts_and_what_is_no_number_is_kept(
    own: float, silero_says: float, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SpeechDetector, "score", lambda *_: own)
    monkeypatch.setattr(SileroDetector, "score", lambda *_: silero_says)
    second = SoundSecond(np.zeros((1, 16_000), np.float32), 16_000, np.zeros((50, 64)))
    assert WithSilero(Registry()).score(second) == pytest.approx(expected, abs=1e-4, nan_ok=True)


def test_without_the_package_one_line_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silero, "find_spec", lambda _: None)
    with pytest.raises(SileroError, match=r"needs silero-vad.*egolog-streams\[speech\]"):
        SileroDetector()
