"""Rules of `models.recordings.datasets.spoken_digits`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from models.recordings.datasets.spoken_digits import clips, speaker, speaking, without_pauses
from models.recordings.shared_data import SPEECH
from tests.models import small_data
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def tones(words_s: list[float], pause_s: float) -> NDArray[np.float32]:
    """Return tones with silence after each of them."""
    silence = np.zeros(round(pause_s * 16_000))
    parts = []
    for seconds in words_s:
        at_s = np.arange(round(seconds * 16_000)) / 16_000
        parts += [0.2 * np.sin(2 * np.pi * 300 * at_s), silence]
    return np.concatenate(parts).astype(np.float32)


def test_speakers_are_of_one_part_with_all_of_their_files(tmp_path: Path) -> None:
    small_data.speech(tmp_path / "speech")
    (tmp_path / "speech" / "README.md").write_text("who speaks")
    (tmp_path / "speech" / "lucas_00.flac").rename(tmp_path / "speech" / "lucas_00.FLAC")
    assert [path.stem for path in clips(tmp_path / "speech")] == [
        *("george_00", "lucas_00", "nicolas_00")
    ]
    parts = [
        [speaker(path) for path in clips(tmp_path / "speech", split)]
        for split in ("train", "validation", "test")
    ]
    assert parts == [["george"], ["lucas"], ["nicolas"]]
    assert clips(tmp_path / "nowhere") == []


def test_a_name_without_a_number_is_the_speakers_own(tmp_path: Path) -> None:
    assert [speaker(tmp_path / name) for name in ("mary.ogg", "mary_ann_03.ogg")] == [
        "mary",
        "mary_ann",
    ]


def test_speech_is_told_from_silence_and_from_a_quiet_room() -> None:
    wave = tones([0.4, 0.4], 0.6)
    room = wave + np.random.default_rng(0).normal(0, 0.0005, len(wave)).astype(np.float32)
    for heard in (wave, room):
        frames = speaking(heard)
        assert len(frames) == 100
        assert frames.sum() == pytest.approx(40, abs=1)
        assert not frames[22:49].any()
    click = wave.copy()
    click[12_800:13_120] = 0.2
    assert np.array_equal(speaking(click), speaking(wave))
    assert not speaking(np.zeros(16_000, np.float32)).any()
    assert len(speaking(np.zeros(100, np.float32))) == 0


def test_pauses_are_shortened_and_words_kept_whole() -> None:
    cut = without_pauses(tones([0.4, 0.4, 0.4], 0.9))
    # The last pause has no word after it.
    assert len(cut) / 16_000 == pytest.approx(3 * 0.4 + 2 * 0.2 + 0.1, abs=0.04)
    assert speaking(cut).sum() == pytest.approx(60, abs=2)
    short = tones([0.4, 0.4], 0.1)
    assert np.array_equal(without_pauses(short), short)
    assert without_pauses(np.zeros(16_000, np.float32)).size == 0
    assert without_pauses(np.zeros(0, np.float32)).size == 0


def test_real_speech_is_cut_to_where_somebody_speaks() -> None:
    folder = shared_data() / SPEECH
    if not clips(folder):
        pytest.skip(f"no speech in {folder}")
    for path in clips(folder)[::10]:
        wave, rate = soundfile.read(path, dtype="float32")
        assert rate == 16_000
        cut = without_pauses(wave)
        assert 0.7 * len(wave) < len(cut) < len(wave)
        at = np.flatnonzero(speaking(cut))
        assert np.diff(at).max() * 0.02 < 0.5
