from __future__ import annotations

from collections.abc import Sequence

import pytest

from infra.errors import LabelError, LlmError
from streams.producers.describing import Describer, Description

SHIPPED = {"ironing": ("an arm sweeps to and fro",), "watching TV": ("the body rests",)}


async def answers(name: str) -> Sequence[str]:
    return (f"{name} as the model sees it",)


async def fails(name: str) -> Sequence[str]:
    raise LlmError("timeout", "no answer within 20 s")


async def test_a_language_model_comes_first() -> None:
    found = await Describer(SHIPPED, answers, "some-model").describe("ironing")
    assert found == Description(("ironing as the model sees it",), "some-model")


async def test_without_one_the_packages_descriptions_serve_whatever_the_case() -> None:
    describer = Describer(SHIPPED)
    assert await describer.describe("Watching tv") == Description(("the body rests",), "shipped")
    assert describer.notes == []


async def test_a_model_that_fails_is_told_and_the_packages_descriptions_serve() -> None:
    describer = Describer(SHIPPED, fails, "some-model")
    assert (await describer.describe("ironing")).by == "shipped"
    assert describer.notes == [
        "the language model did not answer (no answer within 20 s); label 'ironing' has the "
        "description of the package"
    ]


@pytest.mark.parametrize(
    ("describer", "why"),
    [
        (Describer(SHIPPED), "no language model is configured (EGOLOG_LLM_API_KEY)"),
        (Describer(SHIPPED, fails), "the language model did not answer (no answer within 20 s)"),
    ],
)
async def test_where_nobody_can_the_line_says_what_is_needed(
    describer: Describer, why: str
) -> None:
    with pytest.raises(LabelError) as caught:
        await describer.describe("juggling")
    assert str(caught.value) == (
        f"label 'juggling' comes with no description and {why}: say with --describe what is done "
        "and how the body moves"
    )
