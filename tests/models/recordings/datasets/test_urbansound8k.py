"""Rules of `models.recordings.datasets.urbansound8k`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.recordings.datasets import urbansound8k
from models.recordings.datasets.urbansound8k import UrbanSoundError, clips
from models.recordings.shared_data import URBANSOUND8K
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


def test_the_real_table_reads() -> None:
    folder = shared_data() / URBANSOUND8K
    if not (folder / urbansound8k.TABLE).is_file():
        pytest.skip(f"no UrbanSound8K in {folder}")
    assert {category for _, category in clips(folder)} == set(urbansound8k.CATEGORIES)
