"""What is written: each address with its body and its response."""

from __future__ import annotations

from streams.web.openapi.shared_parts import DECIDED, TEXT, Schema, json_content, refused


def writes() -> dict[str, Schema]:
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
            ("200", "The settings in force", DECIDED),
            ("400", "403", "404", "409", "413", "415", "503"),
        ),
        "/api/v1/notifications/test": _write(
            "test_notification",
            "Send a test to a target",
            {"type": "object", "required": ["target"], "properties": {"target": TEXT}},
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


def _write(
    name: str,
    summary: str,
    body: Schema,
    done: tuple[str, str, list[str]],
    statuses: tuple[str, ...],
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
                "schema": TEXT,
            }
        ],
        "requestBody": {
            "required": True,
            "content": json_content(body),
        },
        "responses": {
            status: {
                "description": text,
                "content": json_content({"type": "object", "required": fields}),
            },
            **refused(*statuses),
        },
    }
