"""Rules of the recordings that are learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.labels import CATEGORIES, RECOGNISED_SOUNDS, SOUND_EVENTS
from models.recordings.shared_data import ESC50, SPEECH, URBANSOUND8K
from models.research.egolog.recogniser.recordings import LabelledWave, read_recordings
from tests.models import small_data

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    small_data.sounds(folder / ESC50)
    small_data.streets(folder / URBANSOUND8K)
    small_data.speech(folder / SPEECH)
    return folder


@pytest.fixture(scope="module")
def drawn(data: Path) -> list[LabelledWave]:
    return read_recordings(data, "train", seed=0, renditions=1)


def of(kind: str, drawn: list[LabelledWave]) -> list[LabelledWave]:
    return [each for each in drawn if each.kind == kind]


def test_clips_have_their_category_and_its_sound(drawn: list[LabelledWave]) -> None:
    clips = of("clips", drawn)
    assert clips
    for each in clips:
        assert CATEGORIES[each.category] in small_data.CATEGORIES_WRITTEN
    [dog] = [each for each in clips if CATEGORIES[each.category] == "dog"]
    assert RECOGNISED_SOUNDS[dog.sound] == "dog"


def test_what_nobody_labelled_in_a_clip_is_unknown(drawn: list[LabelledWave]) -> None:
    [clap] = [each for each in of("clips", drawn) if CATEGORIES[each.category] == "clapping"]
    assert "speech" in {RECOGNISED_SOUNDS[at] for at in clap.unknown}
    assert clap.sound not in clap.unknown


def test_street_sounds_of_the_training_part_have_the_category_that_esc50_has_too(
    drawn: list[LabelledWave],
) -> None:
    [idle] = of("street", drawn)
    assert (RECOGNISED_SOUNDS[idle.sound], CATEGORIES[idle.category]) == ("engine", "engine")


def test_speech_is_real_and_only_of_the_training_speakers(drawn: list[LabelledWave]) -> None:
    speech = of("speech", drawn)
    assert speech
    assert {RECOGNISED_SOUNDS[each.sound] for each in speech} == {"speech"}
    for each in speech:
        spectrum = np.abs(np.fft.rfft(each.wave))
        hertz = np.fft.rfftfreq(len(each.wave), 1 / 16_000)[spectrum.argmax()]
        # The first of the made-up speakers, who trains.
        assert hertz == pytest.approx(200, abs=20)
    assert not any(RECOGNISED_SOUNDS[each.sound] == "speech" for each in of("made", drawn))


def test_every_other_event_is_synthesised_too(drawn: list[LabelledWave]) -> None:
    made = [RECOGNISED_SOUNDS[each.sound] for each in of("made", drawn)]
    assert sorted(made) == sorted(set(SOUND_EVENTS) - {"speech"})
