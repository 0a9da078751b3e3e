"""The daily log as JSON and as one CSV table, and back without losing a bit."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

from pydantic import ValidationError

from infra.daily_log.records import EMBEDDINGS, Log, LogActivity, LogScenario
from infra.daily_log.table import armed, disarmed, fields_of, flattened, tree
from infra.errors import InfraError

# For people; reading ignores them, because the other columns say the same in full.
_DERIVED = ("start", "end", "leading")
_TEXT = ("window_id", "device_id", "session_id", "revision")
_FIELDS = list(dict.fromkeys([*LogScenario.model_fields, *LogActivity.model_fields]))
COLUMNS = ["row", *_DERIVED, *_TEXT]
"""What every table begins with; a column for each value of the records follows."""

_NESTED = [name for name in _FIELDS if name not in EMBEDDINGS and name not in _TEXT]
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
    Each cell holds one value; `infra.daily_log.table` says what the columns are called.
    """
    records: list[tuple[str, LogScenario | LogActivity]] = [
        *(("scenario", record) for record in log.scenarios),
        *(("activity", record) for record in log.activities),
    ]
    rows = []
    columns: dict[str, dict[str, None]] = {name: {} for name in _NESTED}
    for row, record in sorted(records, key=lambda item: (item[1].start_ns, item[0])):
        fields = record.model_dump(mode="json", exclude=EMBEDDINGS)
        cells = {name: disarmed(fields.pop(name)) for name in _TEXT}
        cells |= {
            "row": row,
            "start": _iso(record.start_ns),
            "end": _iso(record.end_ns),
            "leading": disarmed(record.leading),
        }
        for name, value in fields.items():
            flat = flattened(value, name)
            columns[name] |= dict.fromkeys(flat)
            cells |= flat
        rows.append(cells)
    out = io.StringIO()
    head = [*COLUMNS, *(column for each in columns.values() for column in each)]
    writer = csv.DictWriter(out, head, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def from_csv(text: str) -> Log:
    """Read what `to_csv` wrote; raises `ExportError` naming the line."""
    scenarios: list[LogScenario] = []
    activities: list[LogActivity] = []
    reader = csv.DictReader(io.StringIO(text, newline=""))
    head = reader.fieldnames
    if head is None or head[: len(COLUMNS)] != COLUMNS or len(set(head)) != len(head):
        raise ExportError(f"the header is {head}; expected {COLUMNS} and then a column each value")
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
        raise ValueError("the number of cells is not that of the header")
    row = cells.pop("row")
    if row not in _MODELS:
        raise ValueError(f"row is {row!r}; expected one of {sorted(_MODELS)}")
    texts = {name: armed(cells.pop(name)) for name in _TEXT}
    nested = tree({name: cell for name, cell in cells.items() if name not in _DERIVED})
    model = _MODELS[row]
    return model.model_validate_json(json.dumps(fields_of(model, {**nested, **texts})))


def _iso(time_ns: int) -> str:
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1_000_000:03d}Z"


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"])) or "the text"
    return f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}"
