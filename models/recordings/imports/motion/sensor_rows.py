"""The rows of a motion file whose numbers a sensor can have measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.recordings.imports.motion.clocks import Clock
    from models.recordings.imports.motion.columns import Columns, Sensor, TimeColumn, Triple
    from models.recordings.imports.motion.delimited_table import DelimitedTable
    from models.recordings.skipped_rows import SkippedRows

MIN_USABLE = 0.5
_MAX_VALUE = 1e7  # beyond every sensor's range in any unit
SINGLE_ROW = "holds a single row of samples; expected at least 2"
_NO_ROWS = ("blank", "NUL bytes", "repeated header")  # skipped lines that hold no sample


def choose_triples(columns: Columns) -> dict[Sensor, Triple]:
    """Return the triples to read: not linear acceleration where there is all of it."""
    triples = dict(columns.triples)
    if "acc" in triples and not columns.by_units:
        triples.pop("linear", None)
    return triples


def sensors_own_clock(columns: Columns, clock: Clock) -> TimeColumn | None:
    """Return the sensor's own clock, if `clock` is the time of the rows' arrival."""
    if "arrival" not in clock.column.name.lower():
        return None
    return next((one for one in columns.times if "creation" in one.name.lower()), None)


def sensor_numbers(
    table: DelimitedTable,
    clock: Clock,
    own: TimeColumn | None,
    triples: dict[Sensor, Triple],
    left_out: SkippedRows,
    warnings: list[str],
) -> tuple[NDArray[np.float64], NDArray[np.int64], dict[Sensor, Triple]]:
    """Return the time and the values of rows (n, 1 + 3·sensors), their lines, and the triples read.

    The `own` clock, if there is one, is the last column. A sensor whose columns are mostly empty is
    left out.
    """
    parsers = {clock.column.index: clock.parse} if clock.parse else None
    before = (dict(left_out.counts), list(left_out.examples))

    def read(wanted: dict[Sensor, Triple]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        order = [clock.column.index]
        for triple in wanted.values():
            order += triple.indices
        if own is not None:
            order.append(own.index)
        return table.numbers(order, left_out, parsers)

    values, lines = read(triples)
    for spare in ("gravity", "gyro"):
        if len(values) >= MIN_USABLE * len(table.lines) or spare not in triples:
            continue
        if len(triples) == 1:
            continue
        # A logger without that sensor leaves its columns empty.
        left_out.counts, left_out.examples = dict(before[0]), list(before[1])
        triples = {sensor: triple for sensor, triple in triples.items() if sensor != spare}
        warnings.append(f"the columns of the {spare} are empty in most rows: left out")
        values, lines = read(triples)
    return values, lines, triples


def plausible_rows(
    values: NDArray[np.float64], lines: NDArray[np.int64], left_out: SkippedRows
) -> NDArray[np.bool_]:
    """Mark the rows whose values (N, 3·sensors) a sensor can measure; count the others."""
    usable: NDArray[np.bool_] = ~np.any(np.abs(values) > _MAX_VALUE, axis=1)
    if not usable.all():
        first = int(np.argmin(usable))
        left_out.add("impossible value", int(lines[first]), count=int((~usable).sum()))
    return usable


def require_half_usable(usable: int, rows: int, left_out: SkippedRows) -> None:
    """Raise `RecordingError` if less than half of the rows are usable."""
    rows -= sum(left_out.counts.get(kind, 0) for kind in _NO_ROWS[1:])
    if rows == 1:
        raise RecordingError(SINGLE_ROW)
    if usable < 2 or usable < MIN_USABLE * rows:
        lost = f": {left_out}" if left_out.counts else ""
        raise RecordingError(
            f"{usable} of {max(rows, 0)} rows are usable; expected at least half{lost}"
        )
