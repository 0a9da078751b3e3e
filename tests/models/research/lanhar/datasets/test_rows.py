from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.recordings.report import SetReport
from models.research.lanhar.datasets import rows
from models.research.lanhar.datasets.rows import read_rows

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_good_rows_keep_their_number_in_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", "head\n1 2 3\n4 x 6\n\n7 8 9\n10 11\n13 14 15\n")
    report = SetReport()
    found = read_rows(path, [0, 2], report, skip=1)
    assert found is not None
    # Column 1 is not read, so a word there is no harm; a row cut short is.
    assert found.number.tolist() == [0, 1, 3, 5]
    assert found.values.tolist() == [[1, 3], [4, 6], [7, 9], [13, 15]]
    assert report.rows[path].examples == ["line 6: cut: 10 11"]


def test_a_malformed_row_is_named_by_its_place_and_reason(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "1,2\n3,oops\n5,inf\n7\n9,10\n")
    report = SetReport()
    found = read_rows(path, [0, 1], report, delimiter=",")
    assert found is not None
    assert found.values.tolist() == [[1, 2], [9, 10]]
    assert report.rows[path].counts == {"not a number": 1, "not finite": 1, "cut": 1}
    assert report.rows[path].examples[0] == "line 2: not a number: 3,oops"


def test_only_columns_that_may_lack_may_be_nan(tmp_path: Path) -> None:
    path = written(tmp_path / "a.dat", "1 NaN\n2 5\nNaN 6\n")
    report = SetReport()
    found = read_rows(path, [0, 1], report, may_lack=[1])
    assert found is not None
    assert found.number.tolist() == [0, 1]
    assert np.isnan(found.values[0, 1])
    assert report.rows[path].examples == ["line 3: not finite: NaN 6"]


def test_a_column_of_words_comes_along(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "1,walking\n2, upsatirs \nx,sitting\n")
    found = read_rows(path, [0], SetReport(), delimiter=",", text=1)
    assert found is not None
    assert found.text.tolist() == ["walking", "upsatirs"]


def test_long_files_are_read_in_parts_with_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [str(i) for i in range(25)]
    lines[13] = "?"
    path = written(tmp_path / "a.txt", "\n".join(lines) + "\n")
    monkeypatch.setattr(rows, "_AT_ONCE", 4)
    found = read_rows(path, [0], SetReport())
    assert found is not None
    assert found.number.tolist() == [i for i in range(25) if i != 13]
    assert found.values[:, 0].tolist() == found.number.tolist()


def test_files_that_are_absent_or_empty_are_reported(tmp_path: Path) -> None:
    report = SetReport()
    assert read_rows(tmp_path / "none.txt", [0], report) is None
    assert read_rows(written(tmp_path / "empty.txt", ""), [0], report) is None
    assert read_rows(written(tmp_path / "words.txt", "a\nb\n"), [0], report) is None
    assert "1 file absent: none.txt" in str(report)
    assert "empty.txt (holds no rows), words.txt (holds no rows)" in str(report)


def test_reading_again_counts_no_row_twice(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", "1\nx\n")
    report = SetReport()
    for _ in range(2):
        read_rows(path, [0], report)
    assert report.rows[path].total == 1
