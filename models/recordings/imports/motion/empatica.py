"""Empatica E4's `ACC.csv`: the start in line 1, the rate in line 2, then counts of 1/64 g."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.recordings.imports.motion.columns import Columns, TimeColumn, Triple
from models.recordings.imports.motion.delimited_table import DelimitedTable
from models.recordings.imports.motion.unit_names import G

if TYPE_CHECKING:
    from collections.abc import Sequence

COUNTS_PER_G = 64
COLUMNS = Columns(
    (TimeColumn(-1, "line 1", "s"),),
    {"acc": Triple("acc", (0, 1, 2), ("x", "y", "z"), "1/64 g", G / COUNTS_PER_G)},
)


@dataclass(frozen=True)
class Rows:
    """Start in s since 1970, rate in Hz, and the rows from line 3 on."""

    start_s: float
    rate_hz: float
    table: DelimitedTable


def is_acc(lines: Sequence[str]) -> bool:
    """Return whether the first two lines are an `ACC.csv`'s: a time and a rate, thrice each."""
    return _head(lines) is not None


def rows_of(lines: list[str]) -> Rows | None:
    """Return the rows of an `ACC.csv`, or None for any other file."""
    head = _head(lines)
    if head is None:
        return None
    rows = lines[2:]
    while rows and not rows[-1].strip():
        rows.pop()
    return Rows(*head, DelimitedTable(("x", "y", "z"), rows, 3, ",", False, 0, 3))


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
