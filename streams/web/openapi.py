"""The HTTP interface, described for programs (OpenAPI 3.1); served at /api/openapi.json."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from infra.daily_log.editing import Change
from infra.daily_log.records import DeviceSummary
from infra.daily_log.search import PLACES, WORN, Hit
from schemas import SoundPlace
from schemas.event_time import TIME_PATTERN
from schemas.message import DeviceId
from streams.web.parameters import MAX_DEVICES, MAX_REVISION
from streams.web.questions import Question
from streams.web.search import EXPORT, EXPORT_TYPES, SEARCH
from streams.web.settings import SettingsChange

Schema = dict[str, Any]

_TIME = {
    "type": "string",
    "pattern": TIME_PATTERN,
    "description": "ISO 8601, UTC where no offset is given, or ns",
}
_TEXT = {"type": "string"}
_WORD = {"type": "string", "minLength": 1}
_DEVICE = TypeAdapter(DeviceId).json_schema()
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_PLACE = "|".join(PLACES)
_PARAMETERS: dict[str, tuple[str, Schema]] = {
    "device": ("Id of a device, as /api/devices lists it", _DEVICE),
    "from": ("First time", _TIME),
    "to": ("Time before which it ends", _TIME),
    "at": ("Time of the record", _TIME),
    "since": (
        "Only what changed after this revision",
        {"type": "integer", "minimum": 0, "maximum": MAX_REVISION},
    ),
    "after": ("Only devices whose ids follow this one", _TEXT),
    "limit": ("At most so many", {"type": "integer", "minimum": 1, "maximum": MAX_DEVICES}),
    "detail": ("How much of an hour", {"type": "string", "enum": ["full", "brief"]}),
    "words": ("A few words, such as: clapping near, yesterday between 8 and 10", _TEXT),
    "scenario": ("Name of a scenario", _TEXT),
    "activity": ("Name of an activity", _TEXT),
    "sound": ("Name of a sound event", _TEXT),
    "where": (
        "Where the sound was, or any where none is named: near, far, front, left, right, back; "
        "several with commas",
        {"type": "string", "pattern": f"^({_PLACE})(,({_PLACE}))*$"},
    ),
    "confidence_from": ("Least confidence", _SHARE),
    "confidence_below": ("Confidence that is not reached", _SHARE),
    "note": ("Part of a note", _TEXT),
    "worn": ("Where the device was worn", {"type": "string", "enum": list(WORN)}),
    "zone": ("Time zone of days and hours, such as Europe/Berlin", _TEXT),
}
_DEVICE_ROW = DeviceSummary.model_json_schema()
_HIT = {
    "type": "object",
    "required": ["from", "to", *Hit._fields],
    "properties": {"confidence": _SHARE},
}
_SPAN = ("device", "from", "to")
_DECIDED = ["device", "state", "until", "quiet", "quiet_of_all"]
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
                "regions": {"type": "object", "additionalProperties": _SHARE},
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
            "required": _DECIDED,
            "properties": {
                "state": {"type": "string", "enum": ["active", "paused", "quiet", "erased"]},
                "until": {"type": ["integer", "null"], "description": "Its end, ms of the epoch"},
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
        _TEXT,
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
_FORMATS = {"/api/log": ["json", "csv"], "/api/v1/export": ["jsonl", "csv", "ics", "parquet"]}
# Media types of a response besides the described JSON.
_ALSO = {"/api/log": ["text/csv"], "/api/v1/export": list(EXPORT_TYPES.values())}
_REQUIRED = {"device", "at"}
_NO_DEVICE = (
    "/api/devices",
    "/api/health",
    "/api/health/live",
    "/api/health/ready",
    "/api/v1/ask",
    "/api/v1/notifications",
    "/api/v1/sensor",
)


def description() -> Schema:
    """Return the description of every address below /api."""
    paths: dict[str, Schema] = {
        path: {"get": _read(path, summary, names, answer)}
        for path, summary, names, answer in _READS
    }
    for path, written in _writes().items():
        paths.setdefault(path, {})["post"] = written
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "EgoLog Streams",
            "version": "1",
            "description": "The daily log of wearers: read, searched, corrected and exported.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {"error": _TEXT, "parameter": _TEXT, "expected": _TEXT},
                },
                **_change(),
                "Question": Question.model_json_schema(),
                "SettingsChange": SettingsChange.model_json_schema(),
                **_sounds(),
            },
            "responses": {
                "Refused": {
                    "description": "What was asked for is not right; says what would be",
                    "content": _json({"$ref": "#/components/schemas/Error"}),
                },
            },
        },
    }


def _writes() -> dict[str, Schema]:
    """Return the description of each POST, by path."""
    return {
        "/api/v1/corrections": _write(
            "correct",
            "Change the log: correct, split, merge, delete, add, confirm, note or undo",
            {"$ref": "#/components/schemas/Change"},
            ("201", "The correction, published and applied", ["id", "action", "text"]),
            ("400", "403", "404", "413", "415", "503"),
        ),
        "/api/v1/settings": _write(
            "decide",
            "Pause or resume a device, or set its quiet hours",
            {"$ref": "#/components/schemas/SettingsChange"},
            ("200", "The settings in force", _DECIDED),
            ("400", "403", "404", "409", "413", "415", "503"),
        ),
        "/api/v1/notifications/test": _write(
            "test_notification",
            "Send a test to a target",
            {"type": "object", "required": ["target"], "properties": {"target": _TEXT}},
            ("200", "Whether it was sent, and the error otherwise", ["target", "sent", "error"]),
            ("400", "403", "413", "415"),
        ),
        "/api/v1/ask": _write(
            "ask",
            "Ask the language model a question about a log; the answer cites its records",
            {"$ref": "#/components/schemas/Question"},
            ("200", "The answer, null where the log does not say", ["answer", "records", "model"]),
            ("400", "403", "404", "409", "413", "415", "502", "503"),
        ),
    }


def _read(path: str, summary: str, names: tuple[str, ...], answer: Schema) -> Schema:
    refused = ["400"] if path in _NO_DEVICE else ["400", "404"]
    return {
        "operationId": path.removeprefix("/api/").replace("/", "_"),
        "summary": summary,
        "parameters": [_parameter(path, name) for name in names],
        "responses": {
            "200": {"description": summary, "content": _contents(path, answer)},
            **{status: {"$ref": "#/components/responses/Refused"} for status in [*refused, "503"]},
        },
    }


def _write(
    name: str,
    summary: str,
    body: Schema,
    done: tuple[str, str, list[str]],
    refused: tuple[str, ...],
) -> Schema:
    status, text, fields = done
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [
            {
                "name": "X-EgoLog",
                "in": "header",
                "required": True,
                "description": "Any value: what a page of another site cannot send",
                "schema": _TEXT,
            }
        ],
        "requestBody": {
            "required": True,
            "content": _json(body),
        },
        "responses": {
            status: {
                "description": text,
                "content": _json({"type": "object", "required": fields}),
            },
            **{each: {"$ref": "#/components/responses/Refused"} for each in refused},
        },
    }


def _contents(path: str, answer: Schema) -> Schema:
    also = {kind: {"schema": _TEXT} for kind in _ALSO.get(path, [])}
    # An exported span is text in each of its formats, never JSON.
    return also if also and answer == _TEXT else _json(answer) | also


_JSON = "application/json"


def _json(schema: Schema) -> Schema:
    return {_JSON: {"schema": schema}}


def _parameter(path: str, name: str) -> Schema:
    if name == "format":
        text, schema = "Format of the answer", {"type": "string", "enum": _FORMATS[path]}
    else:
        text, schema = _PARAMETERS[name]
    return {
        "name": name,
        "in": "query",
        "required": name in _REQUIRED,
        "description": text,
        "schema": schema,
    }


def _change() -> Schema:
    """Return the schemas of a change, from its pydantic model."""
    schema = Change.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs", {}), "Change": schema}


def _sounds() -> dict[str, Schema]:
    """Return the schemas of a scenario record's sound events."""
    named = {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/SoundPlace"}}
    shares = {"type": "object", "additionalProperties": _SHARE}
    return {
        "ScenarioSounds": {
            "type": "object",
            "properties": {"sound_events": shares, "sound_places": named},
        },
        "SoundPlace": SoundPlace.model_json_schema(),
    }
