"""The daily log as JSON and as one CSV table, and back without losing a bit.

A cell that a spreadsheet would take for a formula gets a leading apostrophe, which reading takes
away again.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from infra.daily_log.records import EMBEDDINGS, Log, LogActivity, LogScenario
from infra.errors import InfraError

# For people; reading ignores them, because the other columns say the same in full.
_DERIVED = ("start", "end", "leading")
_TEXT = ("window_id", "device_id", "session_id", "revision")
_FIELDS = list(dict.fromkeys([*LogScenario.model_fields, *LogActivity.model_fields]))
COLUMNS = [
    "row",
    *_DERIVED,
    *_TEXT,
    *(name for name in _FIELDS if name not in EMBEDDINGS and name not in _TEXT),
]
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_MODELS: dict[str, type[LogScenario] | type[LogActivity]] = {
    "scenario": LogScenario,
    "activity": LogActivity,
}


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
        raise ExportError(f"this is not an exported log: {_first(error)}") from error


def to_csv(log: Log) -> str:
    """Return one table with both rows of the log, told apart by `row`, in order of start.

    Times are given twice: `start` and `end` in ISO 8601 (UTC), `start_ns` and `end_ns` exactly.
    Nested fields are JSON.
    """
    records: list[tuple[str, LogScenario | LogActivity]] = [
        *(("scenario", record) for record in log.scenarios),
        *(("activity", record) for record in log.activities),
    ]
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for row, record in sorted(records, key=lambda item: (item[1].start_ns, item[0])):
        cells = {name: _cell(name, value) for name, value in _fields(record).items()}
        cells |= {
            "row": row,
            "start": _iso(record.start_ns),
            "end": _iso(record.end_ns),
            "leading": record.leading,
        }
        writer.writerow({name: _disarmed(cell) for name, cell in cells.items()})
    return out.getvalue()


def from_csv(text: str) -> Log:
    """Read what `to_csv` wrote; raises `ExportError` naming the line."""
    scenarios: list[LogScenario] = []
    activities: list[LogActivity] = []
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if reader.fieldnames != COLUMNS:
        raise ExportError(f"the header is {reader.fieldnames}; expected {COLUMNS}")
    try:
        for cells in reader:
            record = _record(cells)
            if isinstance(record, LogScenario):
                scenarios.append(record)
            else:
                activities.append(record)
    except (ValueError, csv.Error) as error:
        why = _first(error) if isinstance(error, ValidationError) else str(error)
        raise ExportError(f"line {reader.line_num}: {why}") from error
    return Log.of(scenarios, activities)


def _record(cells: dict[str, str]) -> LogScenario | LogActivity:
    if None in cells or None in cells.values():
        raise ValueError(f"the number of cells is not {len(COLUMNS)}")
    row = cells.pop("row")
    if row not in _MODELS:
        raise ValueError(f"row is {row!r}; expected one of {sorted(_MODELS)}")
    fields = {
        name: _armed(cell) if name in _TEXT else json.loads(cell)
        for name, cell in cells.items()
        if name in _TEXT or (cell and name not in _DERIVED)
    }
    return _MODELS[row].model_validate_json(json.dumps(fields))


def _fields(record: LogScenario | LogActivity) -> dict[str, Any]:
    return record.model_dump(mode="json", exclude=EMBEDDINGS)


def _cell(name: str, value: Any) -> str:
    return value if name in _TEXT else json.dumps(value, ensure_ascii=False)


def _disarmed(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _armed(cell: str) -> str:
    return cell.removeprefix("'")


def _iso(time_ns: int) -> str:
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1_000_000:03d}Z"


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"])) or "the text"
    return f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}"
