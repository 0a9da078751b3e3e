from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.recordings.formats.tables import read_rows
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from pathlib import Path


def test_rows_have_the_cells_of_the_header_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("\ufeffname,fold\ndog,1,more,cells\ncat\n", encoding="utf-8")
    assert read_rows(path) == [{"name": "dog", "fold": "1"}, {"name": "cat", "fold": ""}]


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("name\ncafé\n".encode("latin-1"))
    with pytest.raises(RecordingError, match=r"table\.csv is not UTF-8 text"):
        read_rows(path)
