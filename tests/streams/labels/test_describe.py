from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.errors import LabelError, LlmError
from infra.settings import load
from models.lanhar.descriptions import describe_by_aspect
from streams.labels.describe import Describer, Description, asking, shipped
from tests.models.research.lanhar.scripted import describing
from tests.pipeline.llm_endpoint import LlmEndpoint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def texts_of(label: str) -> list[str]:
    return [text for each in describe_by_aspect(label) for text in (each.text(), each.sensors)]


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
    assert found == Description(tuple(texts_of("ironing")), "shipped")
    assert describer.notes == []


async def test_an_endpoint_is_asked_for_five_descriptions_once(tmp_path: Path) -> None:
    with LlmEndpoint(describing) as server:
        settings = load(
            env_file=None,
            run_dir=tmp_path,
            llm_base_url=server.url,
            llm_api_key="key",
            llm_model="scripted",
        )
        found = await Describer(asking(settings), settings.llm_model).describe("fly fishing")
        again = await Describer(asking(settings), settings.llm_model).describe("fly fishing")
        assert len(server.requests) == 5
    assert found == again
    assert found.by == "scripted"
    # Each description in full, and once more what the sensors see.
    assert len(found.texts) == 10
    assert all("fly fishing" in text for text in found.texts)


async def test_an_endpoint_that_fails_is_an_answer_that_is_missing(tmp_path: Path) -> None:
    with LlmEndpoint(lambda body: (500, b"{}")) as server:
        settings = load(
            env_file=None,
            run_dir=tmp_path,
            llm_base_url=server.url,
            llm_api_key="key",
            llm_retries=0,
        )
        describer = Describer(asking(settings), settings.llm_model)
        assert (await describer.describe("ironing")).by == "shipped"
    assert "the endpoint answered 500" in describer.notes[0]


def test_without_a_key_nobody_is_asked() -> None:
    assert asking(load(env_file=None)) is None


@pytest.mark.parametrize("name", ["watching TV", "Watching tv", "WATCHING TV"])
def test_the_packages_descriptions_are_found_whatever_the_case(name: str) -> None:
    assert shipped(name) == texts_of("watching TV")


def test_another_name_of_an_activity_has_its_descriptions() -> None:
    assert shipped("jogging") == texts_of("running")
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
