"""Rules of `models.recordings.datasets.urbansound8k`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.recordings.datasets import esc50, urbansound8k
from models.recordings.datasets.urbansound8k import UrbanSoundError, clips
from models.recordings.shared_data import ESC50, URBANSOUND8K
from models.recordings.unseen import split_elsewhere, trained_on
from tests.models import small_data
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, table: str) -> Path:
    (folder / urbansound8k.TABLE).write_text(table)
    (folder / "1-3-0-0.ogg").write_bytes(b"sound")
    return folder


def test_every_row_is_a_clip_with_its_category(tmp_path: Path) -> None:
    folder = write(tmp_path, "filename,fold,category\n1-3-0-0.ogg,1,dog_bark\n")
    assert clips(folder) == [(tmp_path / "1-3-0-0.ogg", "dog_bark")]


def test_a_clip_may_have_another_suffix_than_its_table_says(tmp_path: Path) -> None:
    folder = write(tmp_path, "filename,category\n1-3-0-0.wav,dog_bark\n")
    assert clips(folder) == [(tmp_path / "1-3-0-0.ogg", "dog_bark")]


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("filename,fold\n1-3-0-0.ogg,1\n", "has filename, fold; expected filename, category"),
        ("filename,category\n", "has no rows; expected filename, category"),
        ("filename,category\n1-3-0-0.ogg,dog\n", "has category 'dog'; expected one of air_cond"),
        ("filename,category\n2.ogg,siren\n", r"clip .*2\.ogg does not exist"),
    ],
)
def test_a_table_that_is_wrong_is_one_line(tmp_path: Path, table: str, line: str) -> None:
    with pytest.raises(UrbanSoundError, match=line):
        clips(write(tmp_path, table))


def test_a_folder_without_the_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(UrbanSoundError, match=r"urbansound8k\.csv does not exist"):
        clips(tmp_path)


def test_a_recording_is_of_one_part_with_all_of_its_clips(tmp_path: Path) -> None:
    small_data.streets(tmp_path / "streets")
    parts = {
        split: [path.stem for path, _ in clips(tmp_path / "streets", split)]
        for split in ("train", "validation", "test")
    }
    assert parts == {
        "train": ["103-5-0-0"],
        "validation": ["102-8-0-0"],
        "test": ["100-3-0-0", "100-3-0-1", "101-7-0-0", "101-2-0-0"],
    }


def test_what_trains_in_another_data_set_is_left_out_of_a_folder_that_is_measured_whole(
    tmp_path: Path,
) -> None:
    small_data.streets(tmp_path / "streets")
    whole = clips(tmp_path / "streets", None, {100: "train", 101: "test"})
    assert [path.stem for path, _ in whole] == [
        *("101-7-0-0", "101-2-0-0", "102-8-0-0", "103-5-0-0")
    ]


def test_a_clip_without_its_recordings_number_cannot_be_split(tmp_path: Path) -> None:
    (tmp_path / urbansound8k.TABLE).write_text("filename,category\nsiren.ogg,siren\n")
    (tmp_path / "siren.ogg").write_bytes(b"sound")
    assert clips(tmp_path) == [(tmp_path / "siren.ogg", "siren")]
    with pytest.raises(UrbanSoundError, match=r"clip siren\.ogg has no number of its recording"):
        clips(tmp_path, "test")


def test_no_recording_that_trains_is_also_among_those_that_test() -> None:
    data = shared_data()
    if not (data / URBANSOUND8K / urbansound8k.TABLE).is_file():
        pytest.skip(f"no UrbanSound8K in {data}")
    elsewhere = split_elsewhere(data)
    parts = {
        split: {path.stem.split("-")[0] for path, _ in clips(data / URBANSOUND8K, split, elsewhere)}
        for split in ("train", "validation", "test")
    }
    assert not parts["test"] & (parts["train"] | parts["validation"])
    # Both data sets are cut from recordings of the same site.
    assert not parts["test"] & {name.split("-")[1] for name in trained_on()["sounds"]}
    assert not parts["train"] & {
        clip.path.stem.split("-")[1] for clip in esc50.clips(data / ESC50, "test")
    }
    assert len(parts["test"]) > 50


def test_the_real_table_reads() -> None:
    folder = shared_data() / URBANSOUND8K
    if not (folder / urbansound8k.TABLE).is_file():
        pytest.skip(f"no UrbanSound8K in {folder}")
    assert {category for _, category in clips(folder)} == set(urbansound8k.CATEGORIES)
