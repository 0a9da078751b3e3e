from pathlib import Path

import numpy as np
import pytest

from models.recordings.formats.lenient_csv import read_numbers
from models.recordings.report import SetReport


def read(path: Path, text: str, may_lack: tuple[str, ...] = ()) -> tuple[object, SetReport]:
    path.write_text(text)
    report = SetReport()
    return read_numbers(path, ("b", "a"), report, may_lack), report


def test_columns_come_in_the_order_asked_for(tmp_path: Path) -> None:
    rows, report = read(tmp_path / "x.csv", 'a,c,b\n1,x,2\n"3",y,"4"\n')
    np.testing.assert_array_equal(rows, [[2, 1], [4, 3]])
    assert report.lines() == []


@pytest.mark.parametrize("bad", ["1,x", "oops,x,2", "inf,x,2", ",x,2"])
def test_one_bad_row_costs_that_row_and_is_named(tmp_path: Path, bad: str) -> None:
    rows, report = read(tmp_path / "x.csv", f"a,c,b\n1,x,2\n{bad}\n5,x,6\n")
    np.testing.assert_array_equal(rows, [[2, 1], [6, 5]])
    (line,) = report.lines()
    assert line.startswith("1 malformed row left out: x.csv (1; row 2: ")


def test_every_bad_row_is_counted(tmp_path: Path) -> None:
    rows, report = read(tmp_path / "x.csv", "a,c,b\n" + "1,x,2\nz,x,2\n" * 10_000)
    assert len(rows) == 10_000  # type: ignore[arg-type]
    assert report.rows[tmp_path / "x.csv"].count == 10_000


def test_a_field_that_may_lack_is_nan(tmp_path: Path) -> None:
    rows, report = read(tmp_path / "x.csv", "a,b\n1,NULL\n,2\n", may_lack=("a", "b"))
    np.testing.assert_array_equal(rows, [[np.nan, 1], [2, np.nan]])
    assert not report.rows


def test_a_file_that_cannot_be_used_is_none_and_named(tmp_path: Path) -> None:
    rows, report = read(tmp_path / "x.csv", "a,c\n1,2\n")
    assert rows is None
    assert report.lines() == ["1 file skipped: x.csv (has no column b)"]
    rows, report = read(tmp_path / "y.csv", "a,b\n")
    assert rows is None
    assert report.lines() == ["1 file skipped: y.csv (holds no rows)"]
    report = SetReport()
    assert read_numbers(tmp_path / "none.csv", ("a",), report) is None
    assert report.lines() == ["1 file absent: none.csv"]
