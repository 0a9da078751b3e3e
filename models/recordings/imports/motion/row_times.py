"""The times of a motion file's rows, and the date of the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.recordings.imports.motion.clocks import Clock, impossible, parse_daytime, possible
from models.recordings.imports.motion.delimited_table import DelimitedTable
from models.recordings.imports.motion.sensor_rows import MIN_USABLE
from models.recordings.protocol import RecordingError
from models.recordings.skipped_rows import SkippedRows

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAX_CLOCK_S = 1e12  # beyond what any clock counts from


def row_times(
    raw: NDArray[np.float64],
    clock: Clock,
    lines: NDArray[np.int64],
    left_out: SkippedRows,
    now_s: float,
) -> tuple[NDArray[np.float64], int | None, int]:
    """Return seconds from the first row (NaN for an impossible time), and that row's time."""
    if not len(raw):
        return raw, None, 0
    first = float(raw[0])
    if clock.epoch:
        true = possible(raw * clock.scale, now_s)
        if not true.all():
            gone = np.flatnonzero(~true)
            if len(gone) > (1 - MIN_USABLE) * len(raw):
                seconds = float(np.median(raw[gone])) * clock.scale
                raise RecordingError(impossible(clock.column.name, seconds, now_s))
            left_out.add("impossible date", int(lines[gone[0]]), count=len(gone))
            first = float(raw[true][0])
        times = np.where(true, (raw - first) * clock.scale, np.nan)
        return times, round(first * clock.scale * 1e6) * 1000, 0
    true = np.abs(raw) < _MAX_CLOCK_S / clock.scale
    if not true.all():
        gone = np.flatnonzero(~true)
        left_out.add("impossible time", int(lines[gone[0]]), count=len(gone))
        first = float(raw[true][0]) if true.any() else 0.0
    times = np.where(true, raw - first, np.nan) * clock.scale
    if clock.parse is parse_daytime:
        times += 86_400.0 * np.cumsum(np.diff(times, prepend=times[0]) < -43_200)
    return times, None, round(first * clock.scale * 1e6) * 1000


def date_of_first_row(
    table: DelimitedTable, dating: Clock | None, line: int, now_s: float
) -> int | None:
    """Return the date of the first row from a column that is too coarse for the spacing of rows."""
    if dating is None:
        return None
    one = DelimitedTable(
        table.names,
        [table.lines[line - table.first_line]],
        line,
        table.delimiter,
        table.decimal_comma,
        table.shift,
        table.width,
    )
    parsers = {dating.column.index: dating.parse} if dating.parse else None
    values, _ = one.numbers([dating.column.index], SkippedRows(), parsers)
    if not len(values) or not possible(values[:, 0] * dating.scale, now_s)[0]:
        return None
    return round(float(values[0, 0]) * dating.scale * 1e6) * 1000
