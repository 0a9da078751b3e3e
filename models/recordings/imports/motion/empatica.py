"""Empatica E4's `ACC.csv`: the start in line 1, the rate in line 2, then counts of 1/64 g."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.recordings.imports.motion.columns import Columns, TimeColumn, Triple
from models.recordings.imports.motion.delimited_table import DelimitedTable
from models.recordings.imports.motion.headerless import HeaderlessTable
from models.recordings.imports.motion.unit_names import G

if TYPE_CHECKING:
    from collections.abc import Sequence

_COUNTS_PER_G = 64
_COLUMNS = Columns(
    (TimeColumn(-1, "line 1", "s"),),
    {"acc": Triple("acc", (0, 1, 2), ("x", "y", "z"), "1/64 g", G / _COUNTS_PER_G)},
)


def empatica_table(lines: Sequence[str]) -> HeaderlessTable | None:
    """Return the rows of an `ACC.csv`, or None for any other file."""
    head = _head(lines)
    if head is None:
        return None
    rows = list(lines[2:])
    while rows and not rows[-1].strip():
        rows.pop()
    table = DelimitedTable(("x", "y", "z"), rows, 3, ",", False, 0, 3)
    start_s, rate_hz = head
    return HeaderlessTable("empatica", table, _COLUMNS, rate_hz, start_s)


def _head(lines: Sequence[str]) -> tuple[float, float] | None:
    if len(lines) < 3:
        return None
    try:
        start, rate = ({float(text) for text in line.split(",")} for line in lines[:2])
    except ValueError:
        return None
    if lines[0].count(",") != 2 or lines[1].count(",") != 2 or len(start) != 1 or len(rate) != 1:
        return None
    first, second = start.pop(), rate.pop()
    return (first, second) if first > 1e8 and 1 <= second <= 1000 else None
