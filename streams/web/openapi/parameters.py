"""The parameters of requests that read."""

from __future__ import annotations

from pydantic import TypeAdapter

from infra.daily_log.search.query import PLACES, WORN
from schemas.event_time import TIME_PATTERN
from schemas.message import DeviceId
from streams.web.openapi.shared_parts import SHARE, TEXT, Schema
from streams.web.parameters import MAX_DEVICES, MAX_REVISION

_TIME = {
    "type": "string",
    "pattern": TIME_PATTERN,
    "description": "ISO 8601, UTC where no offset is given, or ns",
}
_DEVICE = TypeAdapter(DeviceId).json_schema()
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
    "after": ("Only devices whose ids follow this one", TEXT),
    "limit": ("At most so many", {"type": "integer", "minimum": 1, "maximum": MAX_DEVICES}),
    "detail": ("How much of an hour", {"type": "string", "enum": ["full", "brief"]}),
    "words": ("A few words, such as: clapping near, yesterday between 8 and 10", TEXT),
    "scenario": ("Name of a scenario", TEXT),
    "activity": ("Name of an activity", TEXT),
    "sound": ("Name of a sound event", TEXT),
    "where": (
        "Where the sound was, or any where none is named: near, far, front, left, right, back; "
        "several with commas",
        {"type": "string", "pattern": f"^({_PLACE})(,({_PLACE}))*$"},
    ),
    "confidence_from": ("Least confidence", SHARE),
    "confidence_below": ("Confidence that is not reached", SHARE),
    "note": ("Part of a note", TEXT),
    "worn": ("Where the device was worn", {"type": "string", "enum": list(WORN)}),
    "zone": ("Time zone of days and hours, such as Europe/Berlin", TEXT),
}
_FORMATS = {"/api/log": ["json", "csv"], "/api/v1/export": ["jsonl", "csv", "ics", "parquet"]}
_REQUIRED = {"device", "at"}


def parameter(path: str, name: str) -> Schema:
    """Return the description of a parameter of the address `path`."""
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
