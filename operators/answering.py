"""The form of the refiner's answer, and the reading of one: categories and nothing else."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from operators.errors import AnswerError

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_SCENARIOS = 3
_FENCE = re.compile(r"^```[a-z]*\s*|\s*```$")
_SHOWN_CHARS = 80


def answer_schema(categories: Sequence[str]) -> dict[str, Any]:
    """Return the JSON schema of an answer: one to three of the categories."""
    return {
        "type": "object",
        "properties": {
            "scenarios": {
                "type": "array",
                "items": {"type": "string", "enum": list(categories)},
                "minItems": 1,
                "maxItems": MAX_SCENARIOS,
            }
        },
        "required": ["scenarios"],
        "additionalProperties": False,
    }


def read_answer(text: str, categories: Sequence[str]) -> list[str]:
    """Return the categories that an answer names, each once, in its order.

    `text` is JSON as `answer_schema` says, or, from endpoints that cannot be held to a schema, a
    line that is just one category (EgoLog §4.4.1). Raises `AnswerError` for anything else.
    """
    body = _FENCE.sub("", text.strip())
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = body.splitlines()[0].strip().strip("\"'`.*<> ") if body else ""
    if isinstance(answer, dict):
        answer = answer.get("scenarios")
    names = [answer] if isinstance(answer, str) else answer
    if not isinstance(names, list) or not 1 <= len(names) <= MAX_SCENARIOS:
        raise AnswerError(
            f"the answer {text[:_SHOWN_CHARS]!r} is not a list of 1 to {MAX_SCENARIOS} categories"
        )
    by_key = {name.casefold(): name for name in categories}
    known: dict[str, None] = {}
    for name in names:
        category = by_key.get(name.strip().casefold()) if isinstance(name, str) else None
        if category is None:
            raise AnswerError(f"the answer {str(name)[:_SHOWN_CHARS]!r} is not a category")
        known[category] = None
    return list(known)
