"""Reads one motion file: rows in order of time, in the units of the file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from models.recordings.imports.motion.any_language import sensor_of_values
from models.recordings.imports.motion.clocks import SCALES, clock_of, impossible, possible
from models.recordings.imports.motion.columns import Columns, Sensor, Triple, stem_of
from models.recordings.imports.motion.delimited_table import (
    DelimitedTable,
    read_text,
    split_lines,
    table_of,
)
from models.recordings.imports.motion.file_header import (
    headerless_table,
    motion_header,
    named_columns,
    why_no_header,
)
from models.recordings.imports.motion.one_sensor import require_one_sensor
from models.recordings.imports.motion.row_order import in_order
from models.recordings.imports.motion.row_times import date_of_first_row, row_times
from models.recordings.imports.motion.sensor_rows import (
    SINGLE_ROW,
    choose_triples,
    plausible_rows,
    require_half_usable,
    sensor_numbers,
    sensors_own_clock,
)
from models.recordings.protocol import RecordingError
from models.recordings.skipped_rows import SkippedRows
from schemas.frames import NS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from models.recordings.imports.motion.headerless import HeaderlessTable
    from models.recordings.imports.motion.hints import OwnClock
    from schemas.position import Position


@dataclass(frozen=True)
class SensorFile:
    """Rows of one file: `times` (n,) s from the first, `values` per sensor (n, 3) as written.

    `start_ns` is the first time since 1970, or None if the file has its own clock; `first_ns` is
    then the time on that clock. `made` (n,) s is the sensor's own clock, if `times` is the time of
    the rows' arrival.
    """

    path: Path
    start_ns: int | None
    first_ns: int
    times: NDArray[np.float64] = field(repr=False)
    values: dict[Sensor, NDArray[np.float64]] = field(repr=False)
    triples: dict[Sensor, Triple]
    lines: NDArray[np.int64] = field(repr=False)
    left_out: SkippedRows
    warnings: list[str]
    sensor_logger: bool = False
    made: NDArray[np.float64] | None = field(default=None, repr=False)
    position: Position | None = None


def read_sensor_file(path: Path, now_s: float, own_clock: OwnClock | None = None) -> SensorFile:
    """Read one file; `own_clock` dates times that do not count from 1970.

    Raises `RecordingError` with the cause if less than half of it is usable.
    """
    text, nul = read_text(path)
    if not text.strip("\0 \r\n\t"):
        raise RecordingError("is empty")
    lines = split_lines(text)
    left_out = SkippedRows()
    known = headerless_table(path, lines, left_out, nul, now_s)
    if known is not None:
        return _of_headerless(path, known, left_out, now_s, own_clock)
    table, columns = _table(lines, stem_of(path), left_out, nul)
    return _of_table(path, table, columns, left_out, now_s, own_clock)


def _table(
    lines: list[str], stem: str, left_out: SkippedRows, nul: bool
) -> tuple[DelimitedTable, Columns]:
    """Return the rows below the first header with motion, and its columns."""
    header = motion_header(lines, stem)
    if header is None:
        raise RecordingError(why_no_header(lines, stem))
    table = table_of(lines, header, left_out, nul)
    columns = named_columns(table.names, lines, stem)
    rows = table.sample()
    if columns is None or not rows:
        raise RecordingError("holds no rows below its header")
    if len(rows) == 1 and sum(bool(line.strip()) for line in table.lines) == 1:
        raise RecordingError(SINGLE_ROW)
    require_one_sensor(table)
    return table, columns


def _of_table(
    path: Path,
    table: DelimitedTable,
    columns: Columns,
    left_out: SkippedRows,
    now_s: float,
    own_clock: OwnClock | None,
) -> SensorFile:
    clock, dating = clock_of(columns.times, table.sample(), now_s)
    warnings = [*clock.warnings, *(dating.warnings if dating else ())]
    if columns.incomplete:
        warnings.append(
            f"columns {', '.join(columns.incomplete)} are not read: x, y and z must be there in "
            "one unit"
        )
    if columns.repeated:
        warnings.append(
            f"{len(columns.repeated)} columns, {columns.repeated[0]!r} to "
            f"{columns.repeated[-1]!r}, are not read: the sensors before them are of the same "
            "kind; import a table of one place of the body"
        )
    triples = choose_triples(columns)
    own = sensors_own_clock(columns, clock)
    numbers, line_numbers, triples = sensor_numbers(table, clock, own, triples, left_out, warnings)
    measured = slice(1, 1 + 3 * len(triples))
    plausible = plausible_rows(numbers[:, measured], line_numbers, left_out)
    numbers, line_numbers = numbers[plausible], line_numbers[plausible]
    if own_clock is not None and not clock.epoch and clock.parse is None:
        numbers[:, 0] = own_clock(numbers[:, 0] * clock.scale)
        clock = replace(clock, scale=1.0, epoch=True)
    times, start_ns, first_ns = row_times(
        numbers[:, 0], clock, line_numbers, left_out, now_s, warnings
    )
    good = np.isfinite(times)
    times, numbers, line_numbers = times[good], numbers[good], line_numbers[good]
    rows_read = len(table.lines) - left_out.counts.get("blank", 0)
    if len(times):
        order, order_warnings = in_order(times, numbers[:, measured], line_numbers, left_out)
        warnings += order_warnings
        times, numbers, line_numbers = times[order], numbers[order], line_numbers[order]
    require_half_usable(len(times), rows_read, left_out)
    values = _by_sensor(columns, triples, times, numbers)
    shift = float(times[0])
    if start_ns is not None:
        start_ns += round(shift * 1e6) * 1000
    else:
        first_ns += round(shift * 1e6) * 1000
        start_ns = date_of_first_row(table, dating, int(line_numbers[0]), now_s)
    return SensorFile(
        path,
        start_ns,
        0 if start_ns is not None else first_ns,
        times - shift,
        values,
        triples,
        line_numbers,
        left_out,
        warnings,
        {"time", "seconds_elapsed"} <= set(table.names),
        None if own is None else numbers[:, -1] * SCALES[own.unit or "ns"],
    )


def _by_sensor(
    columns: Columns,
    triples: dict[Sensor, Triple],
    times: NDArray[np.float64],
    numbers: NDArray[np.float64],
) -> dict[Sensor, NDArray[np.float64]]:
    """Return each sensor's values (n, 3); in `triples` too, what units left open is decided."""
    values: dict[Sensor, NDArray[np.float64]] = {
        sensor: numbers[:, 1 + 3 * place : 4 + 3 * place] for place, sensor in enumerate(triples)
    }
    if columns.by_units and "acc" in triples:
        sensor = sensor_of_values(triples["acc"], times, values["acc"])
        values[sensor] = values.pop("acc")
        triples[sensor] = replace(triples.pop("acc"), sensor=sensor)
    return values


def _of_headerless(
    path: Path,
    known: HeaderlessTable,
    left_out: SkippedRows,
    now_s: float,
    own_clock: OwnClock | None,
) -> SensorFile:
    start_s, clock = known.start_s, known.columns.times[0]
    if start_s is not None and not possible(np.array([start_s]), now_s)[0]:
        raise RecordingError(impossible(clock.name, start_s, now_s))
    if known.rate_hz is not None:
        file = _of_even_rows(path, known, known.rate_hz, left_out)
    else:
        if start_s is not None:
            own_clock = partial(np.add, start_s)
        file = _of_table(path, known.table, known.columns, left_out, now_s, own_clock)
    warnings = [*known.warnings, *file.warnings]
    return replace(file, warnings=warnings, position=known.position)


def _of_even_rows(
    path: Path, known: HeaderlessTable, rate_hz: float, left_out: SkippedRows
) -> SensorFile:
    triples = known.columns.triples
    columns = [index for triple in triples.values() for index in triple.indices]
    values, lines = known.table.numbers(columns, left_out)
    plausible = plausible_rows(values, lines, left_out)
    values, lines = values[plausible], lines[plausible]
    require_half_usable(len(values), len(known.table.lines), left_out)
    # A row's time follows from its line number, whether or not the rows before it are valid.
    times = (lines - known.table.first_line) / rate_hz
    start_s = known.start_s
    return SensorFile(
        path,
        None if start_s is None else round((start_s + float(times[0])) * 1e6) * NS // 1_000_000,
        0,
        times - times[0],
        {sensor: values[:, 3 * i : 3 * i + 3] for i, sensor in enumerate(triples)},
        triples,
        lines,
        left_out,
        [],
    )
