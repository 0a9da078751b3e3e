from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.imports.motion.named_columns import read_columns
from models.recordings.report import SetReport

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def read_text(
    path: Path, text: str, may_lack: tuple[str, ...] = ()
) -> tuple[NDArray[np.float64] | None, list[int], SetReport]:
    path.write_text(text, encoding="utf-8")
    report = SetReport()
    table = read_columns(path, ("b", "a"), report, may_lack)
    return (None, [], report) if table is None else (table[0], table[1].tolist(), report)


def test_columns_come_in_the_order_asked_for_with_their_lines(tmp_path: Path) -> None:
    rows, lines, report = read_text(tmp_path / "x.csv", '\ufeffa,c,b\n1,x,2\n"3",y,"4"\n')
    np.testing.assert_array_equal(rows, [[2, 1], [4, 3]])
    assert lines == [2, 3]
    assert report.lines() == []


@pytest.mark.parametrize(
    ("bad", "kind"),
    [("1,x", "cut"), ("oops,x,2", "not a number"), ("inf,x,2", "not finite"), (",x,2", "empty")],
)
def test_one_bad_row_costs_that_row_and_is_named_by_line(
    tmp_path: Path, bad: str, kind: str
) -> None:
    rows, lines, report = read_text(tmp_path / "x.csv", f"a,c,b\n1,x,2\n{bad}\n5,x,6\n")
    np.testing.assert_array_equal(rows, [[2, 1], [6, 5]])
    assert lines == [2, 4]
    assert report.lines() == [f"1 row left out: x.csv: 1 {kind} (line 3: {kind}: {bad})"]


def test_every_bad_row_is_counted_and_counted_once(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows, _, report = read_text(path, "a,c,b\n" + "1,x,2\nz,x,2\n" * 10_000)
    assert rows is not None
    assert len(rows) == 10_000
    read_columns(path, ("b", "a"), report)
    assert report.rows[path].counts == {"not a number": 10_000}


def test_a_field_that_may_lack_is_nan(tmp_path: Path) -> None:
    text = "a,c,b\n1,x,NULL\n,x,2\nnan,x,3\ninf,x,4\n"
    rows, _, report = read_text(tmp_path / "x.csv", text, may_lack=("a", "b"))
    np.testing.assert_array_equal(rows, [[np.nan, 1], [2, np.nan], [3, np.nan]])
    assert report.lines() == ["1 row left out: x.csv: 1 not finite (line 5: not finite: inf,x,4)"]


def test_a_file_that_cannot_be_used_is_none_and_named(tmp_path: Path) -> None:
    rows, _, report = read_text(tmp_path / "x.csv", "a,c,d\n1,2,3\n")
    assert rows is None
    assert report.lines() == ["1 file skipped: x.csv (has no column b)"]
    rows, _, report = read_text(tmp_path / "y.csv", "a,b,c\n")
    assert rows is None
    assert report.lines() == ["1 file skipped: y.csv (holds no rows)"]
    report = SetReport()
    assert read_columns(tmp_path / "none.csv", ("a",), report) is None
    assert report.lines() == ["1 file absent: none.csv"]
