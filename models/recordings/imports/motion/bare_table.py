"""A table without any header: a time, acceleration x, y, z, and perhaps rotation x, y, z.

Axivity's OmGui writes such tables of AX3 (acceleration in g) and AX6 (and rotation in °/s). They
are read only if gravity shows in the acceleration, for nothing else says what the numbers are.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from models.recordings.imports.motion.clocks import clock_of
from models.recordings.imports.motion.columns import Columns, Sensor, TimeColumn, Triple
from models.recordings.imports.motion.dates import day_time_of_slashes, parse_date, parse_daytime
from models.recordings.imports.motion.delimited_table import split_quoted, table_of
from models.recordings.imports.motion.headerless import HeaderlessTable
from models.recordings.imports.motion.sample_rate import RATES_HZ
from models.recordings.imports.motion.unit_names import G, unit_of
from models.recordings.protocol import RecordingError
from models.recordings.skipped_rows import SkippedRows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.recordings.imports.motion.delimited_table import DelimitedTable

_WIDTHS = (4, 7)
_MAX_LINE = 1_000  # characters
_CHECKED_ROWS = 20_000
_NEAR_GRAVITY = (0.8, 1.25)
_EXACT = 1e-4  # a sensor's noise is more; the length of a direction is exact
_STEADY = 0.3
_MIN_MAGNETIC = 20.0  # µT: the Earth's field is 25 to 65, in every direction
_MOVES = 0.03
_REMEDY = "name the columns in a header, as time_s,acc_x_g,acc_y_g,acc_z_g"


def bare_table(
    lines: list[str], left_out: SkippedRows, nul: bool, now_s: float
) -> HeaderlessTable | None:
    """Return the columns of a table whose first line is a time and 3 or 6 numbers, None for others.

    `now_s` is the wall clock. Raises `RecordingError` if the values are not those of a worn sensor.
    """
    first = next((index for index, line in enumerate(lines[:64]) if line.strip()), None)
    split = None if first is None else _split(lines[first])
    if first is None or split is None:
        return None
    delimiter, fields = split
    names = tuple(f"column {place}" for place in range(1, len(fields) + 1))
    table = table_of(lines, (first - 1, delimiter, names), left_out, nul)
    time = TimeColumn(0, names[0], None)
    if table.width not in (len(names), len(names) + 1) or table.shift:
        return None
    if not _is_time(fields[0]) and not _counts_time(time, table, now_s):
        return None
    triples, warning = _sensors(table)
    return HeaderlessTable("axivity", table, Columns((time,), triples), warnings=(warning,))


def _split(line: str) -> tuple[str | None, list[str]] | None:
    """Return the delimiter and the fields of a row that is a time and 3 or 6 numbers."""
    text = line.strip()
    if len(text) > _MAX_LINE:
        return None
    for delimiter in (*(d for d in "\t;,|" if d in text), None):
        if delimiter is None and any(d in text for d in "\t;,|"):
            break
        fields = split_quoted(text, delimiter) if delimiter else text.split()
        while len(fields) > 1 and not fields[-1].strip():
            fields.pop()
        is_row = (_is_time(fields[0]) or _is_number(fields[0])) and all(map(_is_number, fields[1:]))
        if len(fields) in _WIDTHS and is_row:
            return delimiter, fields
    return None


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text.strip().replace(",", "."))))
    except ValueError:
        return False


def _is_time(text: str) -> bool:
    for parse in (parse_date, parse_daytime, day_time_of_slashes):
        with suppress(ValueError):
            parse(text.strip())
            return True
    return False


def _counts_time(time: TimeColumn, table: DelimitedTable, now_s: float) -> bool:
    """Return whether a column of numbers ascends as the clock of a worn sensor does."""
    rows = table.sample()
    try:
        clock, _ = clock_of((time,), rows, now_s)
        texts = [row[0].replace(",", ".") for row in rows]
        times = np.array([clock.parse(t) if clock.parse else float(t) for t in texts])
    except (RecordingError, ValueError):
        return False
    steps = np.diff(times) * clock.scale
    if len(steps) < 1 or (steps < 0).mean() > 0.05:
        return False
    return bool(1 / RATES_HZ[1] <= float(steps.mean()) * 1.01 and steps.mean() <= 1 / RATES_HZ[0])


def _sensors(table: DelimitedTable) -> tuple[dict[Sensor, Triple], str]:
    """Return the sensors of the columns behind the time, and what is assumed of them."""
    step = max(1, len(table.lines) // _CHECKED_ROWS)
    values, _ = replace(table, lines=table.lines[::step]).numbers(
        range(1, len(table.names)), SkippedRows()
    )
    if len(values) < 2:
        raise RecordingError("has no header, and holds hardly a row that is a time and numbers")
    unit, length = _unit(values[:, :3])
    names = table.names
    triples: dict[Sensor, Triple] = {
        "acc": Triple("acc", (1, 2, 3), names[1:4], unit, unit_of(unit, "acc"))  # type: ignore[arg-type]
    }
    warning = (
        "has no header: columns 2 to 4 are read as acceleration x, y and z in "
        f"{unit}, for their length is {length:.3g}"
    )
    if len(names) == _WIDTHS[1]:
        _require_rotation(values)
        # Axivity's unit beside g; rest is too slow to tell degrees from radians.
        turn = ("deg/s", unit_of("deg/s", "gyro")) if unit == "g" else (None, None)
        triples["gyro"] = Triple("gyro", (4, 5, 6), names[4:7], *turn)  # type: ignore[arg-type]
        warning += ", and columns 5 to 7 as rotation x, y and z"
        warning += " in degrees a second, as Axivity writes" if unit == "g" else ""
    return triples, warning


def _unit(acc: NDArray[np.float64]) -> tuple[str, float]:
    """Return the unit in which values (n, 3) hold gravity, and their median length in it."""
    norm = np.linalg.norm(acc, axis=1)
    length = float(np.median(norm))
    unit = next((u for u, g in (("g", 1.0), ("m/s2", G)) if _is_gravity(length / g)), None)
    if unit is None:
        raise RecordingError(
            f"has no header, and the length of its columns 2 to 4 is {length:.3g}, not that of "
            f"acceleration with gravity, 1 (g) or 9.8 (m/s2); {_REMEDY}"
        )
    if float(norm.std()) < _EXACT * length:
        raise RecordingError(
            f"has no header, and its columns 2 to 4 are always {length:.4g} long, as a direction "
            f"is and no acceleration; {_REMEDY}"
        )
    return unit, length


def _is_gravity(length_g: float) -> bool:
    return _NEAR_GRAVITY[0] < length_g < _NEAR_GRAVITY[1]


def _require_rotation(values: NDArray[np.float64]) -> None:
    """Raise `RecordingError` if the last three of values (n, 6) have a length that hardly varies.

    A magnetometer's and another accelerometer's are so.
    """
    norm, turn = (np.linalg.norm(part, axis=1) for part in (values[:, :3], values[:, 3:]))
    length = float(np.median(turn))
    steady = float(turn.std()) < _STEADY * length
    moves = float(norm.std()) > _MOVES * float(norm.mean())
    gravity = _is_gravity(length) or _is_gravity(length / G)
    if steady and (length > _MIN_MAGNETIC or (gravity and moves)):
        raise RecordingError(
            f"has no header, and its columns 5 to 7 are always about {length:.3g} long, as "
            f"rotation is not; {_REMEDY},gyro_x_deg_s,gyro_y_deg_s,gyro_z_deg_s"
        )
