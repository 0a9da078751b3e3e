"""The description of every address (OpenAPI 3.1); served at /api/openapi.json."""

from __future__ import annotations

from infra.daily_log.change_request import Change
from schemas import SoundPlace
from streams.web.openapi.reads import reads
from streams.web.openapi.shared_parts import SHARE, TEXT, Schema, json_content
from streams.web.openapi.writes import writes
from streams.web.questions import Question
from streams.web.settings import SettingsChange


def description() -> Schema:
    """Return the description of every address below /api."""
    paths = {path: {"get": each} for path, each in reads().items()}
    for path, each in writes().items():
        paths.setdefault(path, {})["post"] = each
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
                    "properties": {"error": TEXT, "parameter": TEXT, "expected": TEXT},
                },
                **_change(),
                "Question": Question.model_json_schema(),
                "SettingsChange": SettingsChange.model_json_schema(),
                **_sounds(),
            },
            "responses": {
                "Refused": {
                    "description": "What was asked for is not right; says what would be",
                    "content": json_content({"$ref": "#/components/schemas/Error"}),
                },
            },
        },
    }


def _change() -> Schema:
    """Return the schemas of a change, from its pydantic model."""
    schema = Change.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs", {}), "Change": schema}


def _sounds() -> dict[str, Schema]:
    """Return the schemas of a scenario record's sound events."""
    named = {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/SoundPlace"}}
    shares = {"type": "object", "additionalProperties": SHARE}
    return {
        "ScenarioSounds": {
            "type": "object",
            "properties": {"sound_events": shares, "sound_places": named},
        },
        "SoundPlace": SoundPlace.model_json_schema(),
    }
