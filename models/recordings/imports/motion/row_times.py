"""The times of a motion file's rows, and the date of the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.recordings.imports.motion.clocks import COUNTER, Clock, impossible, possible
from models.recordings.imports.motion.delimited_table import DelimitedTable
from models.recordings.imports.motion.sensor_rows import MIN_USABLE
from models.recordings.protocol import RecordingError
from models.recordings.skipped_rows import SkippedRows

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAX_CLOCK_S = 1e12  # beyond what any clock counts from
_HOUR_S = 3_600.0
_CHANGE_S = 1.0  # rows on both sides of a change of the clock are at most as far apart


def row_times(
    raw: NDArray[np.float64],
    clock: Clock,
    lines: NDArray[np.int64],
    left_out: SkippedRows,
    now_s: float,
    warnings: list[str],
) -> tuple[NDArray[np.float64], int | None, int]:
    """Return seconds from the first row (NaN for an impossible time), and that row's time.

    Clocks that begin anew, and a local clock that is put forward or back by an hour, go on.
    """
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
        if clock.local:
            times = _without_summer_time(times, lines, warnings)
        return times, round(first * clock.scale * 1e6) * 1000, 0
    true = np.abs(raw) < _MAX_CLOCK_S / clock.scale
    if not true.all():
        gone = np.flatnonzero(~true)
        left_out.add("impossible time", int(lines[gone[0]]), count=len(gone))
        first = float(raw[true][0]) if true.any() else 0.0
    times = np.where(true, raw - first, np.nan) * clock.scale
    turn_s = clock.turn_s
    if turn_s is None and clock.parse is None and float(np.nanmax(np.abs(raw))) < COUNTER:
        turn_s = COUNTER * clock.scale
    if turn_s is not None:
        times += turn_s * np.cumsum(np.diff(times, prepend=times[0]) < -turn_s / 2)
    return times, None, round(first * clock.scale * 1e6) * 1000


def _without_summer_time(
    times: NDArray[np.float64], lines: NDArray[np.int64], warnings: list[str]
) -> NDArray[np.float64]:
    """Undo a single step of an hour in times (n,) s, where a wearer's clock was changed."""
    steps = np.diff(times)
    hours = np.flatnonzero(np.abs(np.abs(steps) - _HOUR_S) < _CHANGE_S)
    if len(hours) != 1:
        return times
    row = int(hours[0]) + 1
    hour_s = float(np.sign(steps[row - 1])) * _HOUR_S
    way = "forward" if hour_s > 0 else "back"
    warnings.append(
        f"line {lines[row]}: the clock is put {way} by an hour, as to or from summer time: read as "
        "without a change; write dates with their zone, as 2026-03-02T08:00:00+01:00"
    )
    times = times.copy()
    times[row:] -= hour_s
    return times


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
    clocks = [dating] if dating.daytime is None else [dating, dating.daytime]
    parsers = {clock.column.index: clock.parse for clock in clocks if clock.parse}
    values, _ = one.numbers([clock.column.index for clock in clocks], SkippedRows(), parsers)
    if not len(values) or not possible(values[:, 0] * dating.scale, now_s)[0]:
        return None
    return sum(
        round(float(v) * c.scale * 1e6) * 1000 for v, c in zip(values[0], clocks, strict=True)
    )
