"""GENEActiv's CSV: a preamble of 100 lines, then time, x, y, z in g, light, button and temperature.

The preamble has `Device Type,GENEActiv` and the zone of the times; these have a colon before the
milliseconds (2026-03-02 08:00:00:010). Layout: GENEActiv PC Software; GGIR's and actant's readers.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from models.recordings.imports.motion.columns import Columns, TimeColumn
from models.recordings.imports.motion.dates import parse_date, zone_of
from models.recordings.imports.motion.delimited_table import table_of
from models.recordings.imports.motion.headerless import HeaderlessTable, acceleration_in_g
from models.recordings.imports.motion.worn_at import position_in_words
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.recordings.imports.motion.delimited_table import DelimitedTable
    from models.recordings.skipped_rows import SkippedRows

_MAX_PREAMBLE = 200
_MIN_FIELDS, _MAX_FIELDS = 4, 7
_SAME_RATE = 0.02
_CHECKED_ROWS = 1_000
_DELIMITERS = ",;\t"


def geneactiv_table(lines: list[str], left_out: SkippedRows, nul: bool) -> HeaderlessTable | None:
    """Return the rows below the preamble, None for another maker's file.

    Raises `RecordingError` if no rows of raw acceleration follow.
    """
    delimiter = next((d for d in _DELIMITERS if _is_preamble(lines[:5], d)), None)
    if delimiter is None:
        return None
    first = next(
        (i for i, line in enumerate(lines[:_MAX_PREAMBLE]) if _is_row(line, delimiter)), None
    )
    if first is None:
        raise RecordingError(
            "is GENEActiv's, but no rows of time, x, y and z follow its preamble; export the raw "
            "data as CSV with GENEActiv PC Software"
        )
    preamble = dict(_entry(line, delimiter) for line in lines[:first])
    width = len(lines[first].strip(f" \r{delimiter}").split(delimiter))
    if width > _MAX_FIELDS:
        raise RecordingError(
            f"is GENEActiv's, but its rows have {width} fields; expected time, x, y, z, light, "
            "button and temperature; export the raw data, not epochs, with decimal points or "
            "separated by semicolons"
        )
    rest = (f"column {n}" for n in range(5, lines[first].count(delimiter) + 2))
    names = ("time", "x", "y", "z", *rest)
    # If the first row is cut, the others are not shifted by row names.
    table = replace(table_of(lines, (first - 1, delimiter, names), left_out, nul), shift=0)
    zone = preamble.get("time zone", "").replace(" ", "")
    time = TimeColumn(0, "time", None, zone if zone_of(zone) else None)
    return HeaderlessTable(
        "geneactiv",
        table,
        Columns((time,), {"acc": acceleration_in_g(1)}),
        warnings=_other_rate(preamble.get("measurement frequency", ""), table),
        position=position_in_words(preamble.get("device location code", "")),
    )


def _is_preamble(lines: Sequence[str], delimiter: str) -> bool:
    return any(
        name == "device type" and text.lower().startswith("geneactiv")
        for name, text in (_entry(line, delimiter) for line in lines)
    )


def _entry(line: str, delimiter: str) -> tuple[str, str]:
    name, _, text = line.partition(delimiter)
    return name.strip(' "\r').lower(), text.strip(f' "\r{delimiter}')


def _is_row(line: str, delimiter: str) -> bool:
    fields = [field.strip(' "\r') for field in line.split(delimiter)]
    if len(fields) < _MIN_FIELDS:
        return False
    try:
        parse_date(fields[0])
        for text in fields[1:_MIN_FIELDS]:
            float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _other_rate(text: str, table: DelimitedTable) -> tuple[str, ...]:
    """Return a warning if the rows do not come at the rate in the preamble."""
    match = re.match(r"\s*(\d+(?:[.,]\d+)?)", text)
    times = []
    for row in table.sample(_CHECKED_ROWS):
        try:
            times.append(parse_date(row[0]))
        except ValueError:
            continue
    steps = np.diff(times)
    step_s = float(np.median(steps)) if len(steps) else 0.0
    if match is None or step_s <= 0:
        return ()
    nominal_hz = float(match[1].replace(",", "."))
    # The milliseconds of times are rounded.
    if nominal_hz > 0 and abs(step_s - 1 / nominal_hz) <= max(_SAME_RATE / nominal_hz, 1e-3):
        return ()
    return (
        f"the preamble says {nominal_hz:g} Hz, but its rows come at {1 / step_s:.4g} Hz: read by "
        "their times",
    )
