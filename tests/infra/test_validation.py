from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError, field_validator

from infra.validation import first_problem


class Walk(BaseModel):
    steps: list[int]

    @field_validator("steps")
    @classmethod
    def _any(cls, steps: list[int]) -> list[int]:
        if not steps:
            raise ValueError("No steps; expected one or more")
        return steps


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"steps": []}, "steps: no steps; expected one or more"),
        ({"steps": [1, "x", "y"]}, "steps.1: input should be a valid integer, unable to parse"),
        ([], "walk: input should be a valid dictionary"),
    ],
)
def test_the_first_problem_is_one_line_that_names_its_field(value: object, problem: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Walk.model_validate(value)
    assert first_problem(raised.value, "walk").startswith(problem)


def test_what_has_no_name_is_only_refused() -> None:
    with pytest.raises(ValidationError) as raised:
        Walk.model_validate(3)
    assert first_problem(raised.value).startswith("input should be a valid dictionary")
