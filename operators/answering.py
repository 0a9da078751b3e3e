"""The schema of the refiner's answer, and its parser: categories and nothing else."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from operators.errors import AnswerError
from schemas.answer_text import json_candidates, without_thoughts

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_SCENARIOS = 3
_FENCE = re.compile(
    r"^(?:`{3,}|~{3,}|'{3}|\"{3})\s*(?:(?:json\w?|te?xt|plain(?:text)?)\b)?\s*"
    r"|\s{0,9}(?:`{3,}|~{3,}|'{3}|\"{3})$",
    re.IGNORECASE,
)
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
    """Return the categories of an answer, each once, in its order.

    `text` is JSON by `answer_schema`, possibly surrounded by a model's thoughts, prose or fences.
    Of several objects the last valid one counts. Endpoints that do not enforce a schema may also
    answer with a line that is exactly one category (EgoLog §4.4.1). Raises `AnswerError` for
    anything else.
    """
    body = without_thoughts(text).strip()
    refusals = []
    for answer in (*json_candidates(body), _without_object(body)):
        try:
            return _known(answer, body, categories)
        except AnswerError as error:
            refusals.append(error)
    raise refusals[0]


def _without_object(body: str) -> Any:
    plain = _FENCE.sub("", body)
    try:
        return json.loads(plain)
    except (ValueError, RecursionError):
        return plain.splitlines()[0].strip().strip("\"'`~.*<> ") if plain else ""


def _known(answer: Any, body: str, categories: Sequence[str]) -> list[str]:
    if isinstance(answer, dict):
        answer = answer.get("scenarios")
    names = [answer] if isinstance(answer, str) else answer
    if (
        not isinstance(names, list)
        or not 1 <= len(names) <= MAX_SCENARIOS
        or any(isinstance(name, list | dict) for name in names)
    ):
        raise AnswerError(
            f"the answer {body[:_SHOWN_CHARS]!r} is not a list of 1 to {MAX_SCENARIOS} categories"
        )
    by_key = {name.casefold(): name for name in categories}
    known: dict[str, None] = {}
    for name in names:
        category = by_key.get(name.strip().casefold()) if isinstance(name, str) else None
        if category is None:
            raise AnswerError(f"the answer {str(name)[:_SHOWN_CHARS]!r} is not a category")
        known[category] = None
    return list(known)
