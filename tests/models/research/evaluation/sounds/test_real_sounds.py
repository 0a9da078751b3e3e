"""Rules of what is measured of real speech and real street sounds, on made-up recordings."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from models.labels import CATEGORIES
from models.recordings.datasets import spoken_digits, urbansound8k
from models.recordings.shared_data import ESC50, SPEECH, URBANSOUND8K
from models.recordings.splits import Splits
from models.research.evaluation.sounds import real_sounds
from models.research.evaluation.sounds.real_sounds import (
    PEOPLE,
    STREET,
    at_0_db,
    measure,
    missing,
    share_as_speech,
    speech_clips,
)
from models.serving.predict import MIN_EVENT, TOP_EVENTS, ScenarioRecognizer
from tests.models import fresh, small_data

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.serving.predict import ScenarioInput
    from models.serving.registry import Registry

TEST = Splits.of("test")


class HearsLoud:
    """A recogniser that hears speech in what is loud, and keeps what it was given."""

    def __init__(self, above: float) -> None:
        self.items: list[ScenarioInput] = []
        self._above = above

    def predict(self, items: Sequence[ScenarioInput]) -> list[SimpleNamespace]:
        self.items += items
        mels = [item.mel for item in items if item.mel is not None]
        return [
            SimpleNamespace(
                sound_events={"speech": 0.9} if mel.max() > self._above else {"dog": 0.9}
            )
            for mel in mels
        ]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return fresh.registry(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    small_data.sounds(root / ESC50)
    small_data.speech(root / SPEECH)
    small_data.streets(root / URBANSOUND8K)
    return root


def wave(level: float, seconds: float) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    return (level * rng.standard_normal(round(seconds * 16_000))).astype(np.float32)


def test_nothing_that_people_make_is_street_noise_or_false_speech() -> None:
    assert set(STREET) | {"children_playing", "street_music", "gun_shot"} == set(
        urbansound8k.CATEGORIES
    )
    # ESC-50's third group: human sounds that are no speech.
    assert set(PEOPLE) == set(CATEGORIES[20:30])


def test_the_share_counts_the_clips_of_which_speech_is_said() -> None:
    recogniser: object = HearsLoud(above=15)
    waves = [wave(level, 4) for level in (0.2, 0.0001, 0.2, 0.2)]
    assert share_as_speech(recogniser, waves) == 0.75  # type: ignore[arg-type]


def test_a_clip_is_said_to_be_speech_by_the_streams_own_threshold(registry: Registry) -> None:
    def share(above: float) -> float:
        recogniser = ScenarioRecognizer(registry, sound_event_above=above)
        return share_as_speech(recogniser, [wave(0.1, 4)])

    assert share(1.0) == 0.0
    # Below every probability the five likeliest are named, speech among them or not.
    recogniser = ScenarioRecognizer(registry, sound_event_above=-1.0)
    item = HearsLoud(0)
    share_as_speech(item, [wave(0.1, 4)])  # type: ignore[arg-type]
    events = recogniser.predict(item.items)[0].sound_events
    assert len(events) == TOP_EVENTS
    assert share(-1.0) == float("speech" in events)
    assert MIN_EVENT == 0.3


@pytest.mark.parametrize(
    ("seconds", "rows", "arrived"),
    [(4.0, 200, [True] * 4), (5.0, 300, [True] * 5 + [False]), (0.5, 100, [True, False])],
)
def test_a_clip_is_a_window_of_whole_segments(
    seconds: float, rows: int, arrived: list[bool]
) -> None:
    recogniser = HearsLoud(0)
    # The silence that a data set pads with is not heard.
    padded = np.pad(wave(0.1, seconds), (0, 32_000))
    share_as_speech(recogniser, [padded])  # type: ignore[arg-type]
    [item] = recogniser.items
    assert item.mel is not None
    assert item.mel.shape == (rows, 64)
    assert item.audio_mask.tolist() == arrived
    assert item.imu is None


def test_the_street_is_as_loud_as_speech_while_it_lasts() -> None:
    at_s = np.arange(64_000) / 16_000
    speech = (0.1 * np.sin(2 * np.pi * 300 * at_s) * (at_s % 1.0 < 0.4)).astype(np.float32)
    noise = wave(0.01, 3)
    both = at_0_db(speech, [noise], np.random.default_rng(0))
    added = both - speech
    assert np.sqrt(np.mean(added**2)) == pytest.approx(0.1 / np.sqrt(2), rel=0.03)
    again, other = (at_0_db(speech, [noise], np.random.default_rng(s)) for s in (0, 1))
    assert np.array_equal(both, again)
    assert not np.array_equal(both, other)
    loud = at_0_db(10 * speech, [noise], np.random.default_rng(0))
    assert np.abs(loud).max() <= 1.0


def test_speech_is_measured_of_unseen_speakers_where_somebody_speaks(
    data: Path, tmp_path: Path
) -> None:
    # Six seconds are one whole clip of four.
    [clip] = speech_clips(data / SPEECH, TEST)
    spectrum = np.abs(np.fft.rfft(clip))
    assert np.argmax(spectrum) * 16_000 / len(clip) == pytest.approx(600, abs=1)
    assert len(speech_clips(data / SPEECH, Splits.of(None))) == 3
    silence = np.zeros(4 * 16_000, np.float32)
    long = np.concatenate([silence, clip, silence, clip[:16_000]])
    soundfile.write(tmp_path / "somebody_00.flac", long, 16_000, subtype="PCM_24")
    [only] = speech_clips(tmp_path, TEST)
    assert np.allclose(only, clip, atol=1e-4)
    assert spoken_digits.speaking(only).mean() > 0.3


def test_every_figure_is_a_share_of_unseen_clips(registry: Registry, data: Path) -> None:
    figures = measure(registry, data, TEST, seed=3)
    assert set(figures) == {"speech", "urbansound8k"}
    assert set(figures["speech"]) == {"quiet", "street", "false", "clips", "other_clips"}
    assert all(0 <= figures["speech"][name] <= 1 for name in ("quiet", "street", "false"))
    assert figures["speech"]["clips"] == 1
    # Of six categories in fold 5, footsteps and clapping are people's.
    assert figures["speech"]["other_clips"] == 4
    assert figures["urbansound8k"]["clips"] == 4
    assert 0 <= figures["urbansound8k"]["top1"] <= 1
    assert figures == measure(registry, data, TEST, seed=3)


def test_speech_is_put_under_street_sounds_only(
    registry: Registry, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def counted(speech: NDArray[np.float32], noises: Sequence[object], _: object) -> object:
        seen.append(len(noises))
        return speech

    monkeypatch.setattr(real_sounds, "at_0_db", counted)
    measure(registry, data, TEST, seed=0)
    # Two dogs and a jackhammer; not the children, and none of the recordings that may train.
    assert seen == [3]


def test_what_is_absent_is_named_and_the_rest_measured(
    registry: Registry, data: Path, tmp_path: Path
) -> None:
    assert missing(data) == []
    assert missing(tmp_path) == ["audio/speech_digits_16k", "audio/urbansound8k_16k"]
    for part in (SPEECH, URBANSOUND8K):
        (tmp_path / part).mkdir(parents=True)
    assert missing(tmp_path) == [
        "audio/speech_digits_16k/SPEAKER_NN.flac|.ogg|.wav",
        "audio/urbansound8k_16k/urbansound8k.csv",
    ]
    for part in (SPEECH, URBANSOUND8K):
        (tmp_path / part).rmdir()
    assert measure(registry, tmp_path, TEST, 0) == {}
    small_data.speech(tmp_path / SPEECH)
    assert missing(tmp_path) == ["audio/urbansound8k_16k"]
    assert set(measure(registry, tmp_path, TEST, 0)["speech"]) == {"quiet", "clips"}
