from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import LabelError, LlmError
from infra.llm.budget import Budget
from infra.settings import Settings, load
from models.lanhar.descriptions import describe_by_aspect
from models.lanhar.label_prompt import label_prompt
from streams.labels.describe import Describer, LabelDescription, asking, packaged_texts
from tests.models.research.lanhar.scripted import describing
from tests.pipeline.llm_endpoint import LlmEndpoint, Raw, completion

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from redis.asyncio import Redis

Configure = Callable[..., Settings]


def texts_of(label: str) -> list[str]:
    return [text for each in describe_by_aspect(label) for text in (each.text(), each.sensors)]


async def answers(name: str) -> Sequence[str]:
    return (f"{name} as the model sees it",)


async def fails(name: str) -> Sequence[str]:
    raise LlmError("timeout", "no answer within 20 s")


async def test_a_language_model_comes_first() -> None:
    found = await Describer(answers, "some-model").describe("ironing")
    assert found == LabelDescription(("ironing as the model sees it",), "some-model")


async def test_without_one_the_packages_descriptions_serve() -> None:
    describer = Describer()
    found = await describer.describe("ironing")
    assert found == LabelDescription(tuple(texts_of("ironing")), "shipped")
    assert describer.notes == []


@pytest.fixture
def settings(redis: Redis, redis_url: str, tmp_path: Path) -> Configure:
    """What makes settings of an endpoint's address; the store has been emptied."""

    def configure(url: str, **changes: Any) -> Settings:
        fields: dict[str, Any] = {
            "run_dir": tmp_path,
            "redis_url": redis_url,
            "llm_base_url": url,
            "llm_api_key": "key",
            "llm_model": "scripted",
            "llm_retries": 0,
        }
        return load(env_file=None, **{**fields, **changes})

    return configure


async def reason(settings: Settings) -> str:
    """Return why the endpoint gave no description; the package's serves instead."""
    describer = Describer(asking(settings), settings.llm_model)
    assert (await describer.describe("ironing")).by == "shipped"
    return describer.notes[0]


async def test_an_endpoint_is_asked_for_five_descriptions_once(settings: Configure) -> None:
    with LlmEndpoint(describing) as server:
        configured = settings(server.url)
        found = await Describer(asking(configured), configured.llm_model).describe("fly fishing")
        again = await Describer(asking(configured), configured.llm_model).describe("fly fishing")
        assert len(server.requests) == 5
    assert found == again
    assert found.by == "scripted"
    # Each description in full, and once more what the sensors see.
    assert len(found.texts) == 10
    assert all("fly fishing" in text for text in found.texts)


async def test_it_is_asked_with_the_shipped_prompt_for_three_aspects(settings: Configure) -> None:
    with LlmEndpoint(describing) as server:
        configured = settings(server.url)
        await Describer(asking(configured), configured.llm_model).describe("fly fishing")
    prompts = [label_prompt("fly fishing", number) for number in range(5)]
    assert sorted(request["messages"][0]["content"] for request in server.requests) == sorted(
        chat[0]["content"] for chat in prompts
    )
    for request in server.requests:
        schema = request["response_format"]["json_schema"]["schema"]
        assert list(schema["properties"]) == ["general", "sensors", "body"]
        assert request["max_tokens"] == 700


async def test_an_endpoint_that_fails_is_an_answer_that_is_missing(settings: Configure) -> None:
    with LlmEndpoint(lambda body: (500, b"{}")) as server:
        assert "the endpoint answered 500" in await reason(settings(server.url))


async def test_no_prompt_follows_a_redirect_to_another_host(settings: Configure) -> None:
    with LlmEndpoint(describing) as other:
        elsewhere = {"location": f"{other.url}/chat/completions"}
        with LlmEndpoint(lambda body: Raw(307, headers=elsewhere)) as server:
            assert "the endpoint answered 307" in await reason(settings(server.url))
        assert server.raw
        assert not other.raw


async def test_an_answer_that_is_too_large_is_not_read_to_its_end(settings: Configure) -> None:
    def large(body: dict[str, Any]) -> Raw:
        return Raw(200, completion("x" * 400_000))

    with LlmEndpoint(large) as server:
        assert "more than 256000 bytes" in await reason(settings(server.url))


async def test_nobody_is_asked_beyond_the_budget_of_the_day(
    settings: Configure, redis: Redis
) -> None:
    with LlmEndpoint(describing) as server:
        configured = settings(server.url, llm_tokens_per_day=500)
        assert "today's budget of 500 tokens" in await reason(configured)
        assert not server.raw


async def test_what_is_spent_counts_for_the_workers_too(settings: Configure, redis: Redis) -> None:
    with LlmEndpoint(describing) as server:
        configured = settings(server.url, llm_tokens_per_day=100_000)
        await Describer(asking(configured), configured.llm_model).describe("fly fishing")
    # Each scripted answer says that it used ten tokens.
    assert await Budget(redis, configured).spent() == (50, 0.0)


async def test_an_answer_in_another_form_is_asked_for_once_more(settings: Configure) -> None:
    def mended(body: dict[str, Any]) -> tuple[int, bytes]:
        return describing(body) if len(body["messages"]) > 1 else (200, completion("It is fun."))

    with LlmEndpoint(mended) as server:
        configured = settings(server.url)
        found = await Describer(asking(configured), configured.llm_model).describe("fly fishing")
        assert len(server.requests) == 10
        await Describer(asking(configured), configured.llm_model).describe("fly fishing")
        assert len(server.requests) == 10
    assert found.by == "scripted"
    with LlmEndpoint(lambda body: (200, completion("It is fun."))) as server:
        assert "did not answer" in await reason(settings(server.url, llm_model="other"))


async def test_answers_that_are_all_the_same_are_none(settings: Configure) -> None:
    aspect = "Somebody does the same thing again and again."
    same = json.dumps(dict.fromkeys(("general", "sensors", "body"), aspect))
    with LlmEndpoint(lambda body: (200, completion(same))) as server:
        assert "only 1 of 5 answers differ" in await reason(settings(server.url))


async def test_without_redis_nobody_is_asked_and_the_line_says_what_to_start(
    settings: Configure,
) -> None:
    with LlmEndpoint(describing) as server:
        why = await reason(settings(server.url, redis_url="redis://127.0.0.1:9"))
        assert not server.raw
    assert "redis at redis://127.0.0.1:9 does not answer: start it, or correct" in why
    assert "\n" not in why


def test_without_a_key_nobody_is_asked() -> None:
    assert asking(load(env_file=None)) is None


@pytest.mark.parametrize("name", ["watching TV", "Watching tv", "WATCHING TV"])
def test_the_packages_descriptions_are_found_whatever_the_case(name: str) -> None:
    assert packaged_texts(name) == texts_of("watching TV")


def test_another_name_of_an_activity_has_its_descriptions() -> None:
    assert packaged_texts("jogging") == texts_of("running")
    assert packaged_texts("juggling") == []


async def test_a_model_that_fails_is_reported_and_the_packages_descriptions_serve() -> None:
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
