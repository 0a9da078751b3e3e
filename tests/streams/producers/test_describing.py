from __future__ import annotations

from collections.abc import Sequence

import pytest

from infra.errors import LabelError, LlmError
from models.lanhar.descriptions import describe
from streams.producers.describing import Describer, Description, shipped


async def answers(name: str) -> Sequence[str]:
    return (f"{name} as the model sees it",)


async def fails(name: str) -> Sequence[str]:
    raise LlmError("timeout", "no answer within 20 s")


async def test_a_language_model_comes_first() -> None:
    found = await Describer(answers, "some-model").describe("ironing")
    assert found == Description(("ironing as the model sees it",), "some-model")


async def test_without_one_the_packages_descriptions_serve() -> None:
    describer = Describer()
    found = await describer.describe("ironing")
    assert found == Description(tuple(describe("ironing")), "shipped")
    assert describer.notes == []


@pytest.mark.parametrize("name", ["watching TV", "Watching tv", "WATCHING TV"])
def test_the_packages_descriptions_are_found_whatever_the_case(name: str) -> None:
    assert shipped(name) == describe("watching TV")


def test_another_name_of_an_activity_has_its_descriptions() -> None:
    assert shipped("jogging") == describe("running")
    assert shipped("juggling") == []


async def test_a_model_that_fails_is_told_and_the_packages_descriptions_serve() -> None:
    describer = Describer(fails, "some-model")
    assert (await describer.describe("ironing")).by == "shipped"
    assert describer.notes == [
        "the language model did not answer (no answer within 20 s); label 'ironing' has the "
        "description of the package"
    ]


@pytest.mark.parametrize(
    ("describer", "why"),
    [
        (Describer(), "no language model is configured (EGOLOG_LLM_API_KEY)"),
        (Describer(fails), "the language model did not answer (no answer within 20 s)"),
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
