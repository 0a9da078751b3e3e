"""Rules of `infra.llm.client`: what becomes of answers that nobody can use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra import metrics
from infra.errors import LlmError
from infra.llm.budget import Budget
from tests.infra.llm.asking import CHAT, SCHEMA, asking, known_category, outcome, settings
from tests.pipeline.llm_endpoint import LlmEndpoint, Reply, completion

if TYPE_CHECKING:
    from redis.asyncio import Redis


def unusable(text: str | None, finish: str = "stop", **message: Any) -> Reply:
    answer = json.loads(completion(""))
    answer["choices"][0]["message"] |= {"content": text, **message}
    answer["choices"][0]["finish_reason"] = finish
    return lambda body: (200, json.dumps(answer).encode())


UNUSABLE = [
    (unusable("Sleeping"), "invalid"),
    (unusable(""), "empty"),
    (unusable(None, reasoning_content="Water, so the kitchen."), "empty"),
    (unusable("<think>Water", "length"), "length"),
    (unusable("Cook", "length"), "length"),
    (unusable(None, refusal="I cannot judge people."), "refusal"),
    (unusable("", "content_filter"), "refusal"),
]


@pytest.mark.parametrize(("reply", "want"), UNUSABLE)
async def test_answers_that_nobody_can_use_open_the_circuit_breaker(
    redis: Redis, reply: Reply, want: str
) -> None:
    counted = metrics.llm_calls.labels(outcome=want)._value
    before = counted.get()
    with LlmEndpoint(reply) as endpoint:
        async with asking(redis, endpoint.url, llm_retries=2) as asker:
            outcomes = [await asker.outcome(str(n)) for n in range(20)]
    assert outcomes == [want] * 5 + ["breaker"] * 15
    assert len(endpoint.requests) == 5
    assert counted.get() == before + 5


async def test_open_questions_without_an_answer_leave_the_circuit_closed(redis: Redis) -> None:
    with LlmEndpoint(lambda body: (200, completion("Sleeping"))) as endpoint:
        async with asking(redis, endpoint.url, llm_breaker_failures=2) as asker:
            outcomes = [await asker.outcome(str(n), open_question=True) for n in range(4)]
            outcomes += [await asker.outcome(str(n)) for n in range(4, 7)]
    assert outcomes == ["invalid"] * 6 + ["breaker"]


async def test_answers_in_between_keep_the_circuit_closed(redis: Redis) -> None:
    replies = ["Sleeping", "Cooking"] * 5
    with LlmEndpoint(lambda body: (200, completion(replies.pop(0)))) as endpoint:
        async with asking(redis, endpoint.url, llm_breaker_failures=2) as asker:
            outcomes = [await asker.outcome(str(n)) for n in range(10)]
    assert outcomes == ["invalid", "answered"] * 5


async def test_an_unusable_answer_is_paid_for_and_settled(redis: Redis) -> None:
    with LlmEndpoint(unusable("", "length")) as endpoint:
        async with asking(redis, endpoint.url, llm_tokens_per_day=1_000) as asker:
            with pytest.raises(LlmError) as caught:
                await asker.ask()
            spent = await Budget(redis, settings(endpoint.url, llm_tokens_per_day=1_000)).spent()
    assert (caught.value.tokens, spent) == (10, (10, 0.0))
    assert caught.value.latency_ms > 0


async def test_a_cut_answer_counts_if_it_is_whole(redis: Redis) -> None:
    assert await outcome(redis, unusable("Cooking", "length")) == "answered"


async def test_of_a_larger_answer_more_is_read(redis: Redis) -> None:
    thoughts = f"<think>{'x' * 400_000}</think>Cooking"
    reply = unusable(thoughts)
    assert await outcome(redis, reply) == "too_large"
    assert await outcome(redis, reply, llm_answer_tokens_max=2_000) == "answered"
    assert await outcome(redis, reply, llm_answer_tokens_max=1_000) == "cached"


async def test_a_correction_belongs_to_its_question(redis: Redis) -> None:
    replies = ["Sleeping", "Cooking"]
    with LlmEndpoint(lambda body: (200, completion(replies.pop(0)))) as endpoint:
        async with asking(redis, endpoint.url, llm_breaker_failures=1) as asker:
            answer = await asker.llm.ask(CHAT, SCHEMA, known_category, corrections=1)
            assert (answer.value, answer.tokens) == ("Cooking", 20)
            assert await asker.outcome() == "cached"
    messages = endpoint.requests[1]["messages"]
    assert [each["role"] for each in messages] == ["user", "assistant", "user"]
    assert messages[1]["content"] == "Sleeping"
    assert messages[2]["content"].startswith("'Sleeping' is not a category")


async def test_a_correction_in_vain_is_one_failure(redis: Redis) -> None:
    with LlmEndpoint(unusable("Sleeping")) as endpoint:
        async with asking(redis, endpoint.url, llm_breaker_failures=2) as asker:
            with pytest.raises(LlmError) as caught:
                await asker.llm.ask(CHAT, SCHEMA, known_category, corrections=1)
            assert (caught.value.outcome, caught.value.tokens) == ("invalid", 20)
            assert await asker.outcome("b") == "invalid"
            assert await asker.outcome("c") == "breaker"


async def test_what_was_cut_is_not_corrected(redis: Redis) -> None:
    with LlmEndpoint(unusable("Sleep", "length")) as endpoint:
        async with asking(redis, endpoint.url) as asker:
            with pytest.raises(LlmError, match="raise EGOLOG_LLM_ANSWER_TOKENS_MAX"):
                await asker.llm.ask(CHAT, SCHEMA, known_category, corrections=1)
    assert len(endpoint.requests) == 1
