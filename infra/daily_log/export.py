"""The daily log as JSON, and back, and as one CSV table; neither loses a bit."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from infra.daily_log.records import EMBEDDINGS, Log, LogActivity, LogScenario
from infra.daily_log.table import add_columns, escape_formula, flatten
from infra.errors import InfraError
from infra.validation import first_problem
from schemas.event_time import NS_PER_MS
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.daily_log.table import Cells

# For human readers: other columns hold the same in full.
_DERIVED = ("start", "end", "leading")
_TEXT = ("window_id", "device_id", "session_id", "revision")
_FIELDS = list(dict.fromkeys([*LogScenario.model_fields, *LogActivity.model_fields]))
COLUMNS = ["row", *_DERIVED, *_TEXT]
"""The first columns of every table, followed by one per value of the records."""

_NESTED = [name for name in _FIELDS if name not in EMBEDDINGS and name not in _TEXT]


class ExportError(InfraError):
    """A text is not an exported log."""


def to_json(log: Log) -> str:
    """Return `{"scenarios": [...], "activities": [...]}`, each record in full."""
    return log.model_dump_json(exclude={"scenarios": {"__all__": EMBEDDINGS}})


def from_json(text: str) -> Log:
    """Read what `to_json` wrote; raises `ExportError`."""
    try:
        return Log.model_validate_json(text)
    except ValidationError as error:
        raise ExportError(
            f"this is not an exported log: {first_problem(error, 'the text')}"
        ) from error


def to_csv(log: Log) -> str:
    """Return one table of scenarios and activities, told apart by `row`, in order of start.

    Times are given twice: `start` and `end` in ISO 8601 (UTC), `start_ns` and `end_ns` exactly.
    Each cell holds one value; `infra.daily_log.table` defines the columns' names.
    """
    table = CsvTable()
    table.widen(log)
    return table.head() + table.add(log)


class CsvTable:
    """`to_csv` in pieces, in two passes: `widen` collects the columns, then `add` writes rows."""

    def __init__(self) -> None:
        self._columns: dict[str, dict[str, None]] = {name: {} for name in _NESTED}

    def widen(self, log: Log) -> None:
        """Add the columns that a piece needs."""
        for _, record in _in_order(log):
            for name, value in _fields(record).items():
                add_columns(self._columns[name], value, name)

    def head(self) -> str:
        """Return the header line; call it after all pieces were passed to `widen`."""
        return _lines([self._names])

    def add(self, log: Log) -> str:
        """Return a piece's lines; raises `ExportError` if it needs a column that is missing."""
        places = {name: place for place, name in enumerate(self._names)}
        return _lines([_line(_row(row, record), places) for row, record in _in_order(log)])

    @property
    def _names(self) -> list[str]:
        return [*COLUMNS, *(column for each in self._columns.values() for column in each)]


def _line(cells: Cells, places: Mapping[str, int]) -> list[str]:
    """Return a line of a cell for every column, most of which a record has not."""
    line = [""] * len(places)
    try:
        for name, cell in cells.items():
            line[places[name]] = cell
    except KeyError as error:
        raise ExportError(
            f"the log changed while it was read: column {error} is new; export it again"
        ) from error
    return line


def _lines(rows: Sequence[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def _in_order(log: Log) -> list[tuple[str, LogScenario | LogActivity]]:
    records: list[tuple[str, LogScenario | LogActivity]] = [
        *(("scenario", record) for record in log.scenarios),
        *(("activity", record) for record in log.activities),
    ]
    return sorted(records, key=lambda item: (item[1].start_ns, item[0]))


def _fields(record: LogScenario | LogActivity) -> dict[str, Any]:
    """Return the nested fields as JSON values."""
    return record.model_dump(mode="json", exclude={*EMBEDDINGS, *_TEXT})


def _row(row: str, record: LogScenario | LogActivity) -> dict[str, str]:
    cells = {name: escape_formula(getattr(record, name)) for name in _TEXT}
    cells |= {
        "row": row,
        "start": _iso(record.start_ns),
        "end": _iso(record.end_ns),
        "leading": escape_formula(record.leading),
    }
    for name, value in _fields(record).items():
        flatten(cells, value, name)
    return cells


def _iso(time_ns: int) -> str:
    seconds, rest = divmod(time_ns, NS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // NS_PER_MS:03d}Z"
