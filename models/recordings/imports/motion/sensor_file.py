"""Reads one motion file: rows in order of time, in the units of the file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from models.recordings.imports.layouts import EMPATICA_HEADER
from models.recordings.imports.motion import empatica
from models.recordings.imports.motion.any_language import columns_in_any_language, sensor_of_values
from models.recordings.imports.motion.clocks import (
    SCALES,
    Clock,
    clock_of,
    impossible,
    parse_daytime,
    possible,
)
from models.recordings.imports.motion.columns import (
    Columns,
    Sensor,
    TimeColumn,
    Triple,
    stem_of,
)
from models.recordings.imports.motion.delimited_table import (
    DelimitedTable,
    find_header,
    read_text,
    split_lines,
    table_of,
)
from models.recordings.imports.motion.row_order import in_order
from models.recordings.protocol import RecordingError
from models.recordings.skipped_rows import SkippedRows
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.recordings.imports.motion.delimited_table import Header
    from models.recordings.imports.motion.hints import OwnClock

_MIN_USABLE = 0.5
_MAX_VALUE = 1e7  # beyond every sensor's range in any unit
_SINGLE_ROW = "holds a single row of samples; expected at least 2"
_NO_ROWS = ("blank", "NUL bytes", "repeated header")  # skipped lines that hold no sample


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


def read_sensor_file(path: Path, now_s: float, own_clock: OwnClock | None = None) -> SensorFile:
    """Read one file; `own_clock` dates times that do not count from 1970.

    Raises `RecordingError` with the cause if less than half of it is usable.
    """
    text, nul = read_text(path)
    if not text.strip("\0 \r\n\t"):
        raise RecordingError("is empty")
    lines = split_lines(text)
    rows = empatica.rows_of(lines)
    if rows is not None:
        return _empatica(path, rows, now_s)
    left_out = SkippedRows()
    table, columns = _table(lines, stem_of(path), left_out, nul)
    return _of_table(path, table, columns, left_out, now_s, own_clock)


def _table(
    lines: list[str], stem: str, left_out: SkippedRows, nul: bool
) -> tuple[DelimitedTable, Columns]:
    """Return the rows below the first header with motion, and its columns."""
    header = find_header(lines, lambda names: columns_in_any_language(names, stem) is not None)
    if header is None:
        raise RecordingError(_no_header(lines, stem))
    table = table_of(lines, header, left_out, nul)
    columns = columns_in_any_language(table.names, stem)
    rows = table.sample()
    if columns is None or not rows:
        raise RecordingError("holds no rows below its header")
    if len(rows) == 1 and sum(bool(line.strip()) for line in table.lines) == 1:
        raise RecordingError(_SINGLE_ROW)
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
    triples = _choose_triples(columns)
    own = _sensors_own(columns, clock)
    numbers, line_numbers, triples = _numbers(table, clock, own, triples, left_out, warnings)
    measured = slice(1, 1 + 3 * len(triples))
    plausible = _plausible(numbers[:, measured], line_numbers, left_out)
    numbers, line_numbers = numbers[plausible], line_numbers[plausible]
    if own_clock is not None and not clock.epoch and clock.parse is None:
        numbers[:, 0] = own_clock(numbers[:, 0] * clock.scale)
        clock = replace(clock, scale=1.0, epoch=True)
    times, start_ns, first_ns = _times(numbers[:, 0], clock, line_numbers, left_out, now_s)
    good = np.isfinite(times)
    times, numbers, line_numbers = times[good], numbers[good], line_numbers[good]
    rows_read = len(table.lines) - left_out.counts.get("blank", 0)
    if len(times):
        order, order_warnings = in_order(times, numbers[:, measured], line_numbers, left_out)
        warnings += order_warnings
        times, numbers, line_numbers = times[order], numbers[order], line_numbers[order]
    _half_usable(len(times), rows_read, left_out)
    values: dict[Sensor, NDArray[np.float64]] = {
        sensor: numbers[:, 1 + 3 * place : 4 + 3 * place] for place, sensor in enumerate(triples)
    }
    if columns.by_units and "acc" in triples:
        sensor = sensor_of_values(triples["acc"], times, values["acc"])
        values[sensor] = values.pop("acc")
        triples[sensor] = replace(triples.pop("acc"), sensor=sensor)
    shift = float(times[0])
    if start_ns is not None:
        start_ns += round(shift * 1e6) * 1000
    else:
        first_ns += round(shift * 1e6) * 1000
        start_ns = _first_date(table, dating, int(line_numbers[0]), now_s)
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


def header_columns(path: Path) -> Columns | None:
    """Return the columns of a file's header, from its first lines; None if it has no motion.

    Acceleration that is known by its unit alone is told by the values in these lines.
    """
    lines = _first_lines(path)
    if empatica.is_acc(lines):
        return empatica.COLUMNS
    header = _motion_header(lines, path)
    columns = None if header is None else columns_in_any_language(header[2], stem_of(path))
    if header is None or columns is None or not columns.by_units or "acc" not in columns.triples:
        return columns
    # The last line of a long file's head is cut.
    table = table_of(lines[:-1], header, SkippedRows(), nul=False)
    acc = columns.triples["acc"]
    rows, _ = table.numbers((columns.times[0].index, *acc.indices), SkippedRows())
    try:
        sensor = sensor_of_values(acc, rows[:, 0], rows[:, 1:])
    except RecordingError:
        return columns  # the whole file may tell, and says what is wrong if not
    triples = {sensor if name == "acc" else name: its for name, its in columns.triples.items()}
    return replace(columns, triples=triples)


def header_names(path: Path) -> tuple[str, ...] | None:
    """Return the names in a motion file's header, `EMPATICA_HEADER` for that maker's files."""
    lines = _first_lines(path)
    if empatica.is_acc(lines):
        return EMPATICA_HEADER
    header = _motion_header(lines, path)
    return None if header is None else header[2]


def _first_lines(path: Path) -> list[str]:
    try:
        text, _ = read_text(path, head=True)
    except OSError:
        return []
    return split_lines(text)


def _motion_header(lines: Sequence[str], path: Path) -> Header | None:
    stem = stem_of(path)
    return find_header(lines, lambda names: columns_in_any_language(names, stem) is not None)


def _choose_triples(columns: Columns) -> dict[Sensor, Triple]:
    triples = dict(columns.triples)
    if "acc" in triples and not columns.by_units:
        triples.pop("linear", None)
    return triples


def _sensors_own(columns: Columns, clock: Clock) -> TimeColumn | None:
    """Return the sensor's own clock, if `clock` is the time of the rows' arrival."""
    if "arrival" not in clock.column.name.lower():
        return None
    return next((one for one in columns.times if "creation" in one.name.lower()), None)


def _numbers(
    table: DelimitedTable,
    clock: Clock,
    own: TimeColumn | None,
    triples: dict[Sensor, Triple],
    left_out: SkippedRows,
    warnings: list[str],
) -> tuple[NDArray[np.float64], NDArray[np.int64], dict[Sensor, Triple]]:
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
        if len(values) >= _MIN_USABLE * len(table.lines) or spare not in triples:
            continue
        if len(triples) == 1:
            continue
        # A logger without that sensor leaves its columns empty.
        left_out.counts, left_out.examples = dict(before[0]), list(before[1])
        triples = {sensor: triple for sensor, triple in triples.items() if sensor != spare}
        warnings.append(f"the columns of the {spare} are empty in most rows: left out")
        values, lines = read(triples)
    return values, lines, triples


def _times(
    raw: NDArray[np.float64],
    clock: Clock,
    lines: NDArray[np.int64],
    left_out: SkippedRows,
    now_s: float,
) -> tuple[NDArray[np.float64], int | None, int]:
    """Return seconds from the first row (NaN for an impossible date), and that row's time."""
    if not len(raw):
        return raw, None, 0
    first = float(raw[0])
    if clock.epoch:
        true = possible(raw * clock.scale, now_s)
        if not true.all():
            gone = np.flatnonzero(~true)
            if len(gone) > (1 - _MIN_USABLE) * len(raw):
                seconds = float(np.median(raw[gone])) * clock.scale
                raise RecordingError(impossible(clock.column.name, seconds, now_s))
            left_out.add("impossible date", int(lines[gone[0]]), count=len(gone))
            first = float(raw[true][0])
        times = np.where(true, (raw - first) * clock.scale, np.nan)
        return times, round(first * clock.scale * 1e6) * 1000, 0
    times = (raw - first) * clock.scale
    if clock.parse is parse_daytime:
        times += 86_400.0 * np.cumsum(np.diff(times, prepend=times[0]) < -43_200)
    return times, None, round(first * clock.scale * 1e6) * 1000


def _first_date(table: DelimitedTable, dating: Clock | None, line: int, now_s: float) -> int | None:
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


def _plausible(
    values: NDArray[np.float64], lines: NDArray[np.int64], left_out: SkippedRows
) -> NDArray[np.bool_]:
    """Mark the rows whose values (N, 3·sensors) a sensor can measure; count the others."""
    usable: NDArray[np.bool_] = ~np.any(np.abs(values) > _MAX_VALUE, axis=1)
    if not usable.all():
        first = int(np.argmin(usable))
        left_out.add("impossible value", int(lines[first]), count=int((~usable).sum()))
    return usable


def _half_usable(usable: int, rows: int, left_out: SkippedRows) -> None:
    rows -= sum(left_out.counts.get(kind, 0) for kind in _NO_ROWS[1:])
    if rows == 1:
        raise RecordingError(_SINGLE_ROW)
    if usable < 2 or usable < _MIN_USABLE * rows:
        lost = f": {left_out}" if left_out.counts else ""
        raise RecordingError(
            f"{usable} of {max(rows, 0)} rows are usable; expected at least half{lost}"
        )


def _empatica(path: Path, rows: empatica.Rows, now_s: float) -> SensorFile:
    if not possible(np.array([rows.start_s]), now_s)[0]:
        raise RecordingError(impossible("line 1", rows.start_s, now_s))
    left_out = SkippedRows()
    values, lines = rows.table.numbers((0, 1, 2), left_out)
    _half_usable(len(values), len(rows.table.lines), left_out)
    # A row's time follows from its line number, whether or not the rows before it are valid.
    times = (lines - rows.table.first_line) / rows.rate_hz
    return SensorFile(
        path,
        round((rows.start_s + float(times[0])) * 1e6) * NS // 1_000_000,
        0,
        times - times[0],
        {"acc": values},
        empatica.COLUMNS.triples,
        lines,
        left_out,
        [],
    )


def _no_header(lines: Sequence[str], stem: str) -> str:
    first = next((line for line in lines if line.strip()), "")[:120]
    wanted = (
        "expected a time column (time_s) and acc_x_m_s2 or acc_x_g to acc_z, gyro_x_rad_s or "
        "gyro_x_deg_s to gyro_z"
    )
    for line in lines[:5]:
        names = [name.strip(' "') for name in line.split(",")]
        if len(names) >= 2 and columns_in_any_language([*names, "time_s"], stem) is not None:
            return f"has no column time_s; its header is {first!r}"
    return f"has no header with time and motion ({wanted}); its first line is {first!r}"
