"""Structured answers: extracting JSON from a model's text, and asking for a correction."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from schemas.answer_text import json_candidates, without_thoughts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Form = TypeVar("Form", bound=BaseModel)


def parse(text: str, form: type[Form]) -> Form:
    """Extract an answer from reasoning, code fences and prose; raises `ValueError` without one.

    Of several matching objects the last one counts.
    """
    body = without_thoughts(text)
    errors = []
    for candidate in json_candidates(body):
        if isinstance(candidate, dict):
            try:
                return form.model_validate(candidate)
            except ValidationError as error:
                errors.append(error)
    if not errors:
        try:
            return form.model_validate_json(body)
        except ValidationError as error:
            errors.append(error)
    problem = errors[0].errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, problem["loc"])) or "the answer"
    raise ValueError(f"{where}: {problem['msg']}")


def correction(chat: Sequence[Mapping[str, str]], text: str, problem: str) -> list[dict[str, str]]:
    """Return the chat that asks a model to correct its answer `text`, stating the `problem`."""
    return [
        *map(dict, chat),
        {"role": "assistant", "content": text},
        {"role": "user", "content": f"{problem}. Answer with valid JSON alone."},
    ]
