"""Rules of `models.recordings.datasets.esc50`."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.features import Features
from models.labels import CATEGORIES, SOUND_EVENTS
from models.recordings.datasets import esc50
from models.recordings.protocol import RecordingError
from tests.shared_data import shared_data

COLUMNS = ("filename", "fold", "target", "category", "src_file", "take", "id_margin")
ROWS = (
    ("1-8-A-0.wav", 1, 0, "dog", 8, "A", 2.0),
    ("1-9-A-4.wav", 1, 4, "frog", 9, "A", 2.0),
    ("3-11-A-0.wav", 3, 0, "dog", 11, "A", 0.1),
    ("5-12-A-1.wav", 5, 1, "rooster", 12, "A", 2.0),
    ("4-13-A-2.wav", 4, 2, "pig", 13, "A", 0.1),
)


def _write(
    folder: Path, rows: object = ROWS, suffixes: tuple[str, ...] = (".flac", ".ogg")
) -> Path:
    with (folder / "esc50.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows(rows)  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    for index, row in enumerate(ROWS):
        path = (folder / row[0]).with_suffix(suffixes[index % len(suffixes)])
        soundfile.write(path, 0.1 * rng.standard_normal(16_000 * 5), 16_000)
    return folder


def test_categories_are_esc50s_fifty_in_its_order() -> None:
    assert len(set(CATEGORIES)) == 50
    assert (CATEGORIES[0], CATEGORIES[24], CATEGORIES[49]) == ("dog", "coughing", "hand_saw")
    assert set(esc50.EVENT_OF_CATEGORY) <= set(CATEGORIES)
    assert set(esc50.EVENT_OF_CATEGORY.values()) <= set(SOUND_EVENTS)


def test_clips_are_found_whatever_their_suffix(tmp_path: Path) -> None:
    clips = esc50.clips(_write(tmp_path))
    assert [clip.path.suffix for clip in clips] == [".flac", ".ogg", ".flac", ".ogg", ".flac"]
    assert [CATEGORIES[clip.category] for clip in clips] == [row[3] for row in ROWS]
    for clip in clips:
        assert esc50.waveform(clip).shape == (80_000,)


def test_splits_share_nothing_and_leave_doubtful_rows_out(tmp_path: Path) -> None:
    folder = _write(tmp_path)
    found = {
        split: [clip.path.stem for clip in esc50.clips(folder, split)]
        for split in ("train", "validation", "test")
    }
    assert found == {"train": ["1-9-A-4"], "validation": ["1-8-A-0"], "test": ["5-12-A-1"]}


def test_a_category_without_a_parent_has_no_event(tmp_path: Path) -> None:
    dog, frog = esc50.clips(_write(tmp_path))[:2]
    assert SOUND_EVENTS[dog.event] == "dog"
    assert frog.event == -1
    assert [name for _, name in esc50.files(tmp_path, "train")] == []


def test_sound_at_another_rate_is_resampled(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, np.zeros((44_100, 2)), 44_100)
    assert esc50.waveform(esc50.Clip(path, 0)).shape == (16_000,)


def test_log_mel_is_what_the_stream_computes_second_by_second() -> None:
    samples = np.random.default_rng(1).standard_normal(32_000).astype(np.float32) * 0.1
    features, present = Features(), np.ones(16_000, dtype=bool)
    second = features.audio(samples[None, 16_000:], 16_000, present)["mel"]
    assert np.array_equal(esc50.log_mel(samples, 16_000, features)[50:], second)


def test_a_missing_clip_is_named(tmp_path: Path) -> None:
    _write(tmp_path)
    (tmp_path / "1-8-A-0.flac").unlink()
    with pytest.raises(esc50.Esc50Error, match=r"1-8-A-0\.wav does not exist; expected .*\.ogg"):
        esc50.clips(tmp_path)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(esc50.Esc50Error, match=r"esc50\.csv does not exist"):
        esc50.clips(tmp_path)


def test_an_unknown_category_is_named(tmp_path: Path) -> None:
    _write(tmp_path, [("1-8-A-0.wav", 1, 0, "kazoo", 8, "A", 2.0)])
    with pytest.raises(esc50.Esc50Error, match="'kazoo'"):
        esc50.clips(tmp_path)


def test_no_source_recording_is_in_two_splits_of_the_real_data() -> None:
    folder = shared_data() / "audio" / "esc50_16k"
    sources = [
        {clip.path.stem.split("-")[1] for clip in esc50.clips(folder, split)}
        for split in ("train", "validation", "test")
    ]
    assert all(sources)
    assert sum(map(len, sources)) == len(set.union(*sources))


def test_a_table_of_a_spreadsheet_is_read(tmp_path: Path) -> None:
    table = _write(tmp_path) / "esc50.csv"
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes())
    assert len(esc50.clips(tmp_path)) == len(ROWS)


def test_a_clip_shorter_than_a_second_is_padded_to_one() -> None:
    assert esc50.log_mel(np.ones(4_000, np.float32), 16_000, Features()).shape == (50, 64)


def test_a_clip_that_is_empty_or_not_finite_is_named(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16_000)
    soundfile.write(tmp_path / "nan.wav", np.full(100, np.nan), 16_000, subtype="FLOAT")
    with pytest.raises(RecordingError, match=r"empty\.wav is empty; expected sound"):
        esc50.read_mono(tmp_path / "empty.wav")
    with pytest.raises(RecordingError, match=r"nan\.wav has values that are not finite"):
        esc50.read_mono(tmp_path / "nan.wav")
