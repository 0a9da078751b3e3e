from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from redis.asyncio import Redis

from infra import metrics
from infra.errors import LlmError
from infra.llm import Answer, Llm
from infra.llm.budget import Budget
from infra.llm.endpoint import MAX_BODY_BYTES, EndpointConfig
from infra.metrics import REGISTRY
from infra.settings import Settings, load
from tests.pipeline.llm_endpoint import LlmEndpoint, Raw, Reply, Reset, completion

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CHAT = [{"role": "user", "content": "hello"}]
SCHEMA = {"type": "object", "properties": {"scenarios": {"type": "array"}}}
GONE = "http://127.0.0.1:9/v1"


def settings(url: str, **changes: Any) -> Settings:
    fields: dict[str, Any] = {
        "llm_base_url": url,
        "llm_api_key": "key",
        "llm_timeout_s": 30.0,
        "llm_retries": 0,
        **changes,
    }
    return Settings(_env_file=None, **fields)


def known_category(text: str) -> str:
    if text not in ("Cooking", "Eating"):
        raise ValueError(f"{text!r} is not a category")
    return text


class Asker:
    """One client of an endpoint, and how often and how it was answered."""

    def __init__(self, llm: Llm) -> None:
        self.llm = llm

    async def ask(self, text: str = "hello", **options: Any) -> Answer[str]:
        return await self.llm.ask(
            [{"role": "user", "content": text}], SCHEMA, known_category, **options
        )

    async def outcome(self, text: str = "hello", **options: Any) -> str:
        try:
            answer = await self.ask(text, **options)
        except LlmError as error:
            return error.outcome
        return "cached" if answer.cached else "answered"


@asynccontextmanager
async def asking(redis: Redis, url: str, **changes: Any) -> AsyncIterator[Asker]:
    llm = Llm(settings(url, **changes), redis)
    try:
        yield Asker(llm)
    finally:
        await llm.close()


async def outcome(redis: Redis, reply: Reply, **changes: Any) -> str:
    with LlmEndpoint(reply) as endpoint:
        async with asking(redis, endpoint.url, **changes) as asker:
            return await asker.outcome()


def cooking(body: dict[str, Any]) -> tuple[int, bytes]:
    return 200, completion("Cooking")


def slow(body: dict[str, Any]) -> tuple[int, bytes]:
    time.sleep(1.0)
    return 200, completion("Cooking")


def reset(body: dict[str, Any]) -> Raw:
    raise Reset


async def test_an_answer_comes_with_its_cost(redis: Redis) -> None:
    with LlmEndpoint(cooking) as endpoint:
        async with asking(redis, endpoint.url) as asker:
            answer = await asker.ask()
    assert (answer.value, answer.tokens, answer.model) == ("Cooking", 10, "gpt-4o-mini")
    [request] = endpoint.requests
    assert request["path"] == "/v1/chat/completions"
    assert request["messages"] == CHAT
    assert request["response_format"]["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize(
    ("reply", "want"),
    [
        (lambda body: (500, b"{}"), "status"),
        (lambda body: (401, b"{}"), "status"),
        (lambda body: Raw(307, headers={"location": GONE}), "status"),
        (lambda body: (429, b"{}"), "rate_limited"),
        (reset, "connection"),
        (lambda body: Raw(200, completion("Cooking"), length=9_999), "connection"),
        (lambda body: (200, completion("Cooking")[:-20]), "malformed"),
        (lambda body: (200, b'{"choices": []}'), "malformed"),
        (lambda body: (200, b"[]"), "malformed"),
        (lambda body: (200, b"[" * 100_000), "malformed"),
        (lambda body: (200, completion("x" * 10_000_000)), "too_large"),
        (lambda body: (500, b"x" * 10_000_000), "status"),
        (lambda body: (200, completion("Sleeping")), "invalid"),
    ],
)
async def test_every_failure_is_one_typed_error_that_is_counted(
    redis: Redis, reply: Reply, want: str
) -> None:
    before = REGISTRY.get_sample_value("egolog_llm_calls_total", {"outcome": want})
    assert await outcome(redis, reply) == want
    after = REGISTRY.get_sample_value("egolog_llm_calls_total", {"outcome": want})
    assert before is not None
    assert after == before + 1


async def test_of_a_large_answer_little_is_read(redis: Redis) -> None:
    sent = 0

    def endless(body: dict[str, Any]) -> Raw:
        nonlocal sent
        sent += 1
        return Raw(200, b"x" * (4 * MAX_BODY_BYTES), length=10**12)

    assert await outcome(redis, endless, llm_retries=3) == "too_large"
    assert sent == 1


async def test_the_deadline_is_for_the_whole_call(redis: Redis) -> None:
    with LlmEndpoint(slow) as endpoint:
        async with asking(redis, endpoint.url, llm_timeout_s=0.3, llm_retries=3) as asker:
            assert await asker.outcome() == "timeout"
    assert len(endpoint.requests) <= 1


async def test_an_endpoint_that_is_not_there_is_a_connection_error(redis: Redis) -> None:
    async with asking(redis, GONE) as asker:
        assert await asker.outcome() == "connection"


async def test_a_failure_is_retried_and_counted(redis: Redis) -> None:
    counted = metrics.llm_retries.labels(outcome="status")._value
    before = counted.get()
    replies: list[Any] = [(503, b"{}"), Raw(429, headers={"retry-after": "0"}), cooking({})]
    assert await outcome(redis, lambda body: replies.pop(0), llm_retries=2) == "answered"
    assert counted.get() == before + 1


async def test_what_cannot_help_is_not_retried(redis: Redis) -> None:
    with LlmEndpoint(lambda body: (401, b"{}")) as endpoint:
        async with asking(redis, endpoint.url, llm_retries=3) as asker:
            assert await asker.outcome() == "status"
    assert len(endpoint.requests) == 1


async def test_a_429_is_obeyed_by_every_call(redis: Redis) -> None:
    times: list[float] = []

    def limited(body: dict[str, Any]) -> Any:
        times.append(time.monotonic())
        return Raw(429, headers={"retry-after": "0.6"}) if len(times) == 1 else cooking(body)

    with LlmEndpoint(limited) as endpoint:
        async with asking(redis, endpoint.url, llm_retries=1) as asker:
            first = asyncio.create_task(asker.outcome("a"))
            async with asyncio.timeout(30):
                while not asker.llm._pause.left_s:
                    await asyncio.sleep(0.01)
            outcomes = await asyncio.gather(first, asker.outcome("b"))
    assert outcomes == ["answered", "answered"]
    assert all(later - times[0] >= 0.6 for later in times[1:])


async def test_a_429_that_asks_for_more_than_the_deadline_is_not_waited_for(redis: Redis) -> None:
    with LlmEndpoint(lambda body: Raw(429, headers={"retry-after": "600"})) as endpoint:
        async with asking(redis, endpoint.url, llm_retries=3) as asker:
            assert [await asker.outcome(text) for text in "abc"] == ["rate_limited"] * 3
    assert len(endpoint.requests) == 1


async def test_an_endpoint_that_keeps_failing_is_left_alone_and_tried_again(redis: Redis) -> None:
    healthy = threading.Event()

    def reply(body: dict[str, Any]) -> tuple[int, bytes]:
        return cooking(body) if healthy.is_set() else (503, b"{}")

    limits = {"llm_breaker_failures": 3, "llm_breaker_open_s": 10.0}
    now = 100.0
    with LlmEndpoint(reply) as endpoint:
        async with asking(redis, endpoint.url, **limits) as asker:
            asker.llm._breaker._clock = lambda: now
            outcomes = [await asker.outcome(str(n)) for n in range(6)]
            assert outcomes == ["status"] * 3 + ["breaker"] * 3
            assert len(endpoint.requests) == 3
            healthy.set()
            now = 110.0
            assert [await asker.outcome("x"), await asker.outcome("y")] == ["answered"] * 2


async def test_no_more_calls_run_and_wait_than_allowed(redis: Redis) -> None:
    running, most, lock, all_asked = 0, 0, threading.Lock(), threading.Event()

    def reply(body: dict[str, Any]) -> tuple[int, bytes]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        all_asked.wait(60)
        with lock:
            running -= 1
        return cooking(body)

    with LlmEndpoint(reply) as endpoint:
        async with asking(redis, endpoint.url, llm_concurrency=2, llm_queue_max=3) as asker:
            asked = [asyncio.create_task(asker.outcome(str(n))) for n in range(9)]
            async with asyncio.timeout(60):
                while running < 2 or sum(task.done() for task in asked) < 4:
                    await asyncio.sleep(0.01)
            all_asked.set()
            outcomes = await asyncio.gather(*asked)
    assert most == 2
    assert sorted(outcomes) == ["answered"] * 5 + ["busy"] * 4


async def test_a_question_is_paid_for_once_by_all_workers(redis: Redis) -> None:
    with LlmEndpoint(cooking) as endpoint:
        for want in ("answered", "cached"):
            async with asking(redis, endpoint.url) as asker:
                assert await asker.outcome() == want
        async with asking(redis, endpoint.url, llm_model="another") as asker:
            assert await asker.outcome() == "answered"
        async with asking(redis, endpoint.url, llm_cache_days=0) as asker:
            assert [await asker.outcome("n"), await asker.outcome("n")] == ["answered"] * 2
    assert len(endpoint.requests) == 4


async def test_an_answer_that_was_not_accepted_is_not_kept(redis: Redis) -> None:
    replies = ["Sleeping", "Cooking"]
    with LlmEndpoint(lambda body: (200, completion(replies.pop(0)))) as endpoint:
        async with asking(redis, endpoint.url) as asker:
            with pytest.raises(LlmError, match="'Sleeping' is not a category") as caught:
                await asker.ask()
            assert caught.value.tokens == 10
            assert await asker.outcome() == "answered"


async def test_a_spent_budget_stops_calls_of_every_worker(redis: Redis) -> None:
    # Each call books 202 tokens and turns out to use 10.
    limits = {"llm_tokens_per_day": 215}
    with LlmEndpoint(cooking) as endpoint:
        outcomes = []
        for n in range(4):
            async with asking(redis, endpoint.url, **limits) as asker:
                outcomes.append(await asker.outcome(f"hi {n}"))
    assert outcomes == ["answered", "answered", "budget", "budget"]


async def test_without_its_store_a_budget_is_not_spent() -> None:
    gone = Redis.from_url("redis://127.0.0.1:9/0")
    with LlmEndpoint(cooking) as endpoint:
        async with asking(gone, endpoint.url, llm_tokens_per_day=10_000) as asker:
            assert await asker.outcome() == "store"
        assert not endpoint.requests
        async with asking(gone, endpoint.url) as asker:
            assert await asker.outcome() == "answered"
    await gone.aclose()


def forms(endpoint: LlmEndpoint) -> list[str | None]:
    return [request.get("response_format", {}).get("type") for request in endpoint.requests]


@pytest.mark.parametrize("status", [400, 404, 422, 424])
async def test_an_endpoint_without_structured_output_is_asked_in_the_next_weaker_form(
    redis: Redis, status: int
) -> None:
    def plain(body: dict[str, Any]) -> tuple[int, bytes]:
        return (status, b"{}") if "response_format" in body else cooking(body)

    with LlmEndpoint(plain) as endpoint:
        async with asking(redis, endpoint.url) as asker:
            assert [await asker.outcome("a"), await asker.outcome("b")] == ["answered"] * 2
    assert forms(endpoint) == ["json_schema", "json_schema", "json_object", None, None]


@pytest.mark.parametrize("status", [500, 501, 502])
@pytest.mark.parametrize("refused", [("json_schema",), ("json_schema", "json_object")])
async def test_an_endpoint_that_breaks_over_a_form_is_asked_in_the_next_weaker_one(
    redis: Redis, status: int, refused: tuple[str, ...]
) -> None:
    def breaking(body: dict[str, Any]) -> tuple[int, bytes]:
        form = body.get("response_format", {}).get("type")
        return (status, b"grammar error") if form in refused else cooking(body)

    with LlmEndpoint(breaking) as endpoint:
        async with asking(redis, endpoint.url) as asker:
            assert [await asker.outcome("a"), await asker.outcome("b")] == ["answered"] * 2
    ladder = ["json_schema", "json_object", None]
    assert forms(endpoint) == [*ladder[: len(refused) + 1], ladder[len(refused)]]


async def test_an_error_inside_an_answer_leads_to_a_weaker_form_too(redis: Redis) -> None:
    def inside(body: dict[str, Any]) -> tuple[int, bytes]:
        refused = b'{"error": {"code": 400, "message": "response_format is unknown"}}'
        return (200, refused) if "response_format" in body else cooking(body)

    with LlmEndpoint(inside) as endpoint:
        async with asking(redis, endpoint.url) as asker:
            assert await asker.outcome() == "answered"


async def test_an_outage_makes_no_form_weaker(redis: Redis) -> None:
    replies: list[Any] = [cooking({}), (500, b"{}"), (503, b"{}"), cooking({})]
    with LlmEndpoint(lambda body: replies.pop(0)) as endpoint:
        async with asking(redis, endpoint.url) as asker:
            outcomes = [await asker.outcome(text) for text in "abcd"]
    assert outcomes == ["answered", "status", "status", "answered"]
    assert forms(endpoint) == ["json_schema"] * 4


async def test_a_form_that_was_answered_in_vain_is_remembered_too(redis: Redis) -> None:
    def empty(body: dict[str, Any]) -> tuple[int, bytes]:
        return (400, b"{}") if "response_format" in body else (200, completion(""))

    with LlmEndpoint(empty) as endpoint:
        async with asking(redis, endpoint.url) as asker:
            assert [await asker.outcome("a"), await asker.outcome("b")] == ["empty"] * 2
    assert forms(endpoint)[-2:] == [None, None]
    assert len(endpoint.requests) == 5


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


async def test_an_event_stream_that_was_not_asked_for_is_read(redis: Redis) -> None:
    def stream(body: dict[str, Any]) -> Raw:
        assert not body.get("stream")
        pieces = [{"content": "Coo"}, {"content": "king"}]
        events = [json.dumps({"choices": [{"index": 0, "delta": piece}]}) for piece in pieces]
        data = "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"])
        return Raw(200, data.encode(), {"content-type": "text/event-stream"})

    assert await outcome(redis, stream) == "answered"


async def test_the_token_limit_is_the_settings_or_the_callers_where_that_is_more(
    redis: Redis,
) -> None:
    with LlmEndpoint(cooking) as endpoint:
        for allowed, least in ((200, 0), (4_000, 0), (4_000, 700), (200, 700)):
            limited = settings(endpoint.url, llm_answer_tokens_max=allowed)
            llm = Llm(limited, redis, least)
            await llm.ask(
                [{"role": "user", "content": f"{allowed} {least}"}], SCHEMA, known_category
            )
            await llm.close()
    assert [each["max_tokens"] for each in endpoint.requests] == [200, 4_000, 4_000, 700]


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


def test_the_endpoints_address_and_key_are_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    url = "https://user:hunter2@models.example.com/v1"
    config = EndpointConfig.of(
        load(env_file=None, llm_api_key="hunter2", llm_base_url=url, llm_model="m")
    )
    assert "hunter2" not in repr(config)
    with caplog.at_level(logging.INFO):
        # As the client below openai's says it of each call.
        logging.getLogger("httpx").info('HTTP Request: %s %s "%s"', "POST", url, "200 OK")
    line = 'HTTP Request: POST https://**********@models.example.com/v1 "200 OK"'
    assert caplog.messages == [line]
