"""What a failed validation says to who wrote the input."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


def first_problem(error: ValidationError, whole: str = "") -> str:
    """Return the first problem in one line: its field, or the name of the `whole`, and why."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"])) or whole
    fault = first["msg"].removeprefix("Value error, ")
    fault = f"{fault[:1].lower()}{fault[1:]}"
    return f"{where}: {fault}" if where else fault
