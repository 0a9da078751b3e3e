"""What is read: each address with its parameters and its response."""

from __future__ import annotations

from infra.daily_log.records import DeviceSummary
from infra.daily_log.search.finding import Hit
from streams.web.export import EXPORT, EXPORT_TYPES
from streams.web.openapi.parameters import parameter
from streams.web.openapi.shared_parts import DECIDED, SHARE, TEXT, Schema, json_content, refused
from streams.web.search import SEARCH

_DEVICE_ROW = DeviceSummary.model_json_schema()
_HIT = {
    "type": "object",
    "required": ["from", "to", *Hit._fields],
    "properties": {"confidence": SHARE},
}
_SPAN = ("device", "from", "to")
# Path, summary, parameters, and the response: a media type, or the fields of the JSON.
_READS: tuple[tuple[str, str, tuple[str, ...], Schema], ...] = (
    (
        "/api/devices",
        "Devices and their logs",
        ("after", "limit"),
        {"type": "array", "items": _DEVICE_ROW},
    ),
    (
        "/api/log",
        "Records in full, JSON or CSV",
        (*_SPAN, "format"),
        {
            "type": "object",
            "properties": {
                "scenarios": {
                    "type": "array",
                    "items": {"$ref": "#/components/schemas/ScenarioSounds"},
                }
            },
        },
    ),
    ("/api/timeline", "Records as drawn, or what changed", (*_SPAN, "since"), {"type": "object"}),
    (
        "/api/v1/hours",
        "The log by the hour, without evidence",
        (*_SPAN, "since", "detail"),
        {"type": "object", "required": ["revision", "complete", "hours"]},
    ),
    (
        "/api/v1/window",
        "The evidence of the records at one time",
        ("device", "at"),
        {"type": "object", "required": ["scenario", "activity", "corrections"]},
    ),
    (
        "/api/v1/live",
        "Current sounds and activity; a request keeps the device watched for ten seconds",
        ("device",),
        {
            "type": "object",
            "required": ["device", "at", "level_db", "regions", "sounds", "activity", "scenario"],
            "properties": {
                "at": {"type": ["integer", "null"], "description": "Its end, ms of the epoch"},
                "level_db": {"type": ["number", "null"], "description": "dB of full scale"},
                "regions": {"type": "object", "additionalProperties": SHARE},
            },
        },
    ),
    ("/api/v1/corrections", "The wearer's corrections", _SPAN, {"type": "array"}),
    (
        "/api/v1/learned",
        "Revisions that learned from corrections",
        ("device",),
        {"type": "object", "required": ["corrections", "revisions"]},
    ),
    (
        "/api/v1/settings",
        "A device's pause and quiet hours",
        ("device",),
        {
            "type": "object",
            "required": DECIDED,
            "properties": {
                "state": {"type": "string", "enum": ["active", "paused", "quiet", "erased"]},
                "until": {"type": ["integer", "null"], "description": "Its end, ms of the epoch"},
                "silent_s": {
                    "type": ["number", "null"],
                    "description": "Seconds since the last record; null without any",
                },
            },
        },
    ),
    (
        "/api/v1/search",
        "Spans that match a query",
        SEARCH,
        {
            "type": "object",
            "required": ["hits", "next", "when", "log_days", "unknown_words"],
            "properties": {
                "hits": {"type": "array", "items": _HIT},
                "when": {"type": "string", "description": "How words of a time were read"},
                "log_days": {"type": "string", "description": "The days that the log spans"},
            },
        },
    ),
    (
        "/api/v1/notifications",
        "Rules, targets and history of notifications",
        (),
        {"type": "object", "required": ["rules", "targets", "history"]},
    ),
    (
        "/api/v1/export",
        "A span as JSON lines, as CSV, as a calendar or as Parquet",
        EXPORT,
        TEXT,
    ),
    (
        "/api/v1/sensor",
        "A WebSocket that takes a phone's frames (streams/web/sensor.py)",
        (),
        {"type": "string"},
    ),
    (
        "/api/v1/ask",
        "Whether a language model answers questions, and which",
        (),
        {"type": "object", "required": ["model"]},
    ),
    ("/api/health", "Health of the worker", (), {"type": "object"}),
    ("/api/health/live", "Liveness of the worker", (), {"type": "object"}),
    ("/api/health/ready", "Readiness of the worker", (), {"type": "object"}),
)
# Media types of a response besides the described JSON.
_ALSO = {"/api/log": ["text/csv"], "/api/v1/export": list(EXPORT_TYPES.values())}


def reads() -> dict[str, Schema]:
    """Return the description of each GET, by path."""
    return {path: _read(path, summary, names, answer) for path, summary, names, answer in _READS}


def _read(path: str, summary: str, names: tuple[str, ...], answer: Schema) -> Schema:
    # Only a device may be unknown.
    statuses = ("400", "404", "503") if "device" in names else ("400", "503")
    return {
        "operationId": path.removeprefix("/api/").replace("/", "_"),
        "summary": summary,
        "parameters": [parameter(path, name) for name in names],
        "responses": {
            "200": {"description": summary, "content": _contents(path, answer)},
            **refused(*statuses),
        },
    }


def _contents(path: str, answer: Schema) -> Schema:
    also = {kind: {"schema": TEXT} for kind in _ALSO.get(path, [])}
    # An exported span is text in each of its formats, never JSON.
    return also if also and answer == TEXT else json_content(answer) | also
