"""A table whose columns are known without a header that names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.recordings.imports.motion.columns import Triple
from models.recordings.imports.motion.unit_names import G

if TYPE_CHECKING:
    from models.recordings.imports.motion.columns import Columns
    from models.recordings.imports.motion.delimited_table import DelimitedTable
    from schemas.position import Position


@dataclass(frozen=True)
class HeaderlessTable:
    """The rows and their `columns`, as `maker` writes them: one of `layouts.LAYOUTS`.

    With `rate_hz` the rows are even and no column is a time; the only one of `columns.times` then
    names where the start is from. `start_s` is the start in s since 1970, and that of a time
    column which counts from it; None if unknown.
    """

    maker: str
    table: DelimitedTable
    columns: Columns
    rate_hz: float | None = None
    start_s: float | None = None
    warnings: tuple[str, ...] = ()
    position: Position | None = None


def acceleration_in_g(first: int, names: tuple[str, str, str] = ("x", "y", "z")) -> Triple:
    """Return acceleration x, y and z in g from the column `first` (from 0) on."""
    return Triple("acc", (first, first + 1, first + 2), names, "g", G)
