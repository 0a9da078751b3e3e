"""Parts that several addresses share."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT = {"type": "string"}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
DECIDED = ["device", "state", "until", "quiet", "quiet_of_all", "silent_s"]
"""What the settings of a device have."""
_JSON = "application/json"


def json_content(schema: Schema) -> Schema:
    """Return the content of a request or response in JSON."""
    return {_JSON: {"schema": schema}}


def refused(*statuses: str) -> dict[str, Schema]:
    """Return the responses to what is not right."""
    return {each: {"$ref": "#/components/responses/Refused"} for each in statuses}
