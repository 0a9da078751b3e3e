"""A question about a log: the language model's prompt and the parser of its answer.

The model gets numbered facts, and cites the numbers of those that support its answer. An answer
without a cited fact is rejected, since it could not be verified.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operators.errors import AnswerError
from schemas.answer_text import json_candidates, without_thoughts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operators.prompting import Template

MAX_QUESTION_CHARS = 300
MAX_FACTS = 200
"""A week or two of a life's blocks; what is older is left out, and who asks is told so."""

MAX_CITED = 10
_MAX_ANSWER_CHARS = 1_000
_SHOWN_CHARS = 80


@dataclass(frozen=True)
class Fact:
    """One block of the log: its span in words, its scenario, activities and sounds."""

    start: str
    end: str
    scenario: str
    activities: Sequence[str] = ()
    sounds: Sequence[str] = ()


@dataclass(frozen=True)
class Answered:
    """An answer and the indices of the cited facts; None if the log has no answer."""

    text: str | None
    facts: tuple[int, ...]


ANSWER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "answer": {"type": "string"},
        "facts": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["answer", "facts"],
    "additionalProperties": False,
}


def question_messages(
    template: Template, question: str, facts: Sequence[Fact], now: str
) -> list[dict[str, str]]:
    """Return the chat messages of a question about facts, asked at `now`.

    They have no identifier of a device, a session or a window, and no note.
    """
    given = {
        "question": question,
        "now": now,
        "facts": [_fact_fields(number, fact) for number, fact in enumerate(facts, start=1)],
    }
    return [
        {"role": "system", "content": template.texts["role"]},
        {"role": "user", "content": json.dumps(given, ensure_ascii=False)},
    ]


def read_answered(text: str, count: int) -> Answered:
    """Return a model's answer from `count` facts; raises `AnswerError` for an invalid one.

    Numbers that are not a fact's are ignored; if none is left, the log has no answer.
    """
    body = without_thoughts(text).strip()
    for answer in json_candidates(body):
        if isinstance(answer, dict) and isinstance(answer.get("answer"), str):
            numbers = answer.get("facts")
            cited = dict.fromkeys(
                number - 1
                for number in (numbers if isinstance(numbers, list) else [])
                if type(number) is int and 1 <= number <= count
            )
            text = " ".join(answer["answer"].split())[:_MAX_ANSWER_CHARS]
            if not cited or not text:
                return Answered(None, ())
            return Answered(text, tuple(sorted(cited)[:MAX_CITED]))
    raise AnswerError(f"the answer {body[:_SHOWN_CHARS]!r} is no object of an answer and its facts")


def _fact_fields(number: int, fact: Fact) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "fact": number,
        "from": fact.start,
        "to": fact.end,
        "was": fact.scenario or "unknown",
    }
    parts = {"did": list(fact.activities), "heard": list(fact.sounds)}
    return fields | {name: values for name, values in parts.items() if values}
