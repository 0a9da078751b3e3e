"""ActiGraph's raw CSV: a preamble of ten lines, perhaps a line of names, then x, y, z in g.

The preamble has the rate ("at 100 Hz"), and the start with the format of its date ("date format
M/d/yyyy"). Layout: ActiLife; AGread's and MIMSunit's readers.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from models.recordings.imports.motion.columns import Columns, TimeColumn, columns_of
from models.recordings.imports.motion.dates import parse_daytime
from models.recordings.imports.motion.delimited_table import table_of
from models.recordings.imports.motion.headerless import HeaderlessTable, acceleration_in_g
from models.recordings.imports.motion.unit_names import G
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.recordings.imports.motion.columns import Triple
    from models.recordings.imports.motion.dates import DayOrder
    from models.recordings.skipped_rows import SkippedRows

_FIRST = re.compile(r"data file created by actigraph", re.IGNORECASE)
_FORMAT = re.compile(r"date format\s*([dmy]+[^a-z\d][dmy]+[^a-z\d][dmy]+)", re.IGNORECASE)
_RATE = re.compile(r"\bat\s*(\d+(?:[.,]\d+)?)\s*hz", re.IGNORECASE)
_START_TIME = re.compile(r"^\W*start time\s+(.+?)[\s,;\"]*$", re.IGNORECASE)
_START_DATE = re.compile(r"^\W*start date\s+(\d+)\D(\d+)\D(\d+)", re.IGNORECASE)
_EPOCH = re.compile(r"epoch period.*?(\d+:\d\d:\d\d)", re.IGNORECASE)
_MAX_PREAMBLE = 15
_MAX_RATE_HZ = 1e6
_NO_ZONE = "the preamble names no time zone: taken as UTC"
_WIDTH = (
    "is ActiGraph's, but its rows have {} fields; expected {}, with decimal points or separated by "
    "semicolons"
)
_NO_START = "the preamble has no {}: the start is unknown"


def actigraph_table(lines: list[str], left_out: SkippedRows, nul: bool) -> HeaderlessTable | None:
    """Return the rows below the preamble, None for another maker's file.

    Raises `RecordingError` if the preamble lacks the rate or the rows are not raw acceleration.
    """
    if not is_actigraph(lines):
        return None
    end = next((i for i, line in enumerate(lines[1:_MAX_PREAMBLE], 1) if "-----" in line), None)
    if end is None:
        raise RecordingError("is ActiGraph's, but its preamble is cut: no line of dashes ends it")
    preamble = lines[: end + 1]
    rate_hz = _rate(preamble)
    first = next((i for i in range(end + 1, len(lines)) if lines[i].strip()), None)
    if first is None:
        raise RecordingError("is ActiGraph's, but holds no rows below its preamble")
    delimiter, fields = _split(lines[first])
    has_names = any(re.search("[a-z]{3}", field, re.IGNORECASE) for field in fields)
    acc = _named(fields) if has_names else _bare(fields)
    header = first if has_names else first - 1
    names = tuple(fields) if has_names else acc.names
    table = table_of(lines, (header, delimiter, names), left_out, nul)
    if table.shift or table.width not in (len(names), len(names) + 1):
        raise RecordingError(_WIDTH.format(table.width, ", ".join(names)))
    start_s, warning = _start(preamble)
    return HeaderlessTable(
        "actigraph",
        table,
        Columns((TimeColumn(-1, "Start Date", "s"),), {"acc": acc}),
        rate_hz,
        start_s,
        (warning,),
    )


def is_actigraph(lines: Sequence[str]) -> bool:
    """Return whether the first line is that of ActiGraph's preamble."""
    return bool(lines) and _FIRST.search(lines[0]) is not None


def with_day_order(columns: Columns, lines: Sequence[str]) -> Columns:
    """Add the format of dates in ActiGraph's preamble, if there is one, to columns of times."""
    order = _order(lines) if is_actigraph(lines) else None
    if order is None:
        return columns
    return replace(columns, times=tuple(replace(time, order=order) for time in columns.times))


def _order(lines: Sequence[str]) -> DayOrder | None:
    match = _FORMAT.search(lines[0])
    letters = (
        "" if match is None else "".join(dict.fromkeys(re.sub("[^dmy]", "", match[1].lower())))
    )
    orders: dict[str, DayOrder] = {"dmy": "day first", "mdy": "month first"}
    return orders.get(letters)


def _rate(preamble: Sequence[str]) -> float:
    match = _RATE.search(preamble[0])
    if match is not None and 0 < float(match[1].replace(",", ".")) < _MAX_RATE_HZ:
        return float(match[1].replace(",", "."))
    epoch = next((m for m in map(_EPOCH.search, preamble) if m), None)
    if epoch is not None and epoch[1].strip("0:"):
        raise RecordingError(
            f"holds ActiGraph's counts of epochs of {epoch[1]}, no acceleration; export the raw "
            "data as CSV with ActiLife"
        )
    raise RecordingError("is ActiGraph's, but its first line lacks the rate, as 'at 100 Hz'")


def _split(line: str) -> tuple[str, list[str]]:
    delimiter = next((d for d in "\t;" if d in line), ",")
    fields = [field.strip(' "\r') for field in line.split(delimiter)]
    if '"' in line and delimiter == ",":
        fields = re.findall(r'"([^"]*)"', line)
    return delimiter, fields


def _named(names: Sequence[str]) -> Triple:
    """Return acceleration by the names of its columns."""
    columns = columns_of([*names, "time_s"])
    acc = None if columns is None else columns.triples.get("acc")
    if acc is None:
        raise RecordingError(
            f"is ActiGraph's, but its columns are {', '.join(names)}; expected Accelerometer X, "
            "Accelerometer Y and Accelerometer Z"
        )
    return replace(acc, unit="g", factor=G)


def _bare(fields: Sequence[str]) -> Triple:
    if len(fields) != 3:
        raise RecordingError(_WIDTH.format(len(fields), "x, y and z"))
    return acceleration_in_g(0)


def _start(preamble: Sequence[str]) -> tuple[float | None, str]:
    """Return the start, s since 1970, or None, and what is assumed of it."""
    date = next((m for m in map(_START_DATE.search, preamble) if m), None)
    time = next((m for m in map(_START_TIME.search, preamble) if m), None)
    if date is None or time is None:
        return None, _NO_START.format("Start Date" if date is None else "Start Time")
    first, second, third = (int(part) for part in date.groups())
    order = _order(preamble)
    if len(date[1]) == 4:
        year, month, day = first, second, third
    elif order is None:
        return None, _NO_START.format("date format, as M/d/yyyy")
    else:
        year = third
        day, month = (first, second) if order == "day first" else (second, first)
    try:
        seconds = parse_daytime(time[1])
        return datetime(year, month, day, tzinfo=UTC).timestamp() + seconds, _NO_ZONE
    except (ValueError, OverflowError) as error:
        raise RecordingError(
            f"is ActiGraph's, but its start {date[0].strip()!r}, {time[0].strip()!r} is no "
            f"date and time: {error}"
        ) from error
