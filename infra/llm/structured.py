"""Answers in a form: read from whatever a model puts around its JSON, and asked for once more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FENCED = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)

Form = TypeVar("Form", bound=BaseModel)


def parse(text: str, form: type[Form]) -> Form:
    """Read an answer, also from between fences or prose; raises `ValueError` saying why not."""
    fenced = _FENCED.search(text)
    body = fenced.group(1) if fenced else text
    first, last = body.find("{"), body.rfind("}")
    try:
        return form.model_validate_json(body[first : last + 1] if first >= 0 else body)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"])) or "the answer"
        raise ValueError(f"{where}: {problem['msg']}") from None


def correction(chat: Sequence[Mapping[str, str]], text: str, problem: str) -> list[dict[str, str]]:
    """Return the chat that tells a model what is wrong with its answer `text`; many mend it."""
    return [
        *map(dict, chat),
        {"role": "assistant", "content": text},
        {"role": "user", "content": f"{problem}. Answer with valid JSON alone."},
    ]
