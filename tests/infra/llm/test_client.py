from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from typing import Any

import pytest
from redis.asyncio import Redis

from infra import metrics
from infra.errors import LlmError
from infra.llm import Llm
from infra.llm.endpoint import MAX_BODY_BYTES, EndpointConfig
from infra.metrics import REGISTRY
from infra.settings import load
from tests.infra.llm.asking import CHAT, SCHEMA, asking, cooking, known_category, outcome, settings
from tests.pipeline.llm_endpoint import LlmEndpoint, Raw, Reply, Reset, completion

GONE = "http://127.0.0.1:9/v1"


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


async def test_its_state_is_what_became_of_the_newest_question(redis: Redis) -> None:
    replies: list[Any] = [(503, b"{}"), (200, completion("Sleeping")), cooking({})]
    states = []
    with LlmEndpoint(lambda body: replies.pop(0)) as endpoint:
        async with asking(redis, endpoint.url) as asker:
            for _ in range(3):
                states.append(asker.llm.state)
                await asker.outcome()
            states.append(asker.llm.state)
    assert states == [
        "not asked yet",
        "the endpoint answered 503",
        "unusable answer (invalid)",
        "answers",
    ]


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


def test_the_endpoints_address_and_key_are_not_shown() -> None:
    url = "https://user:hunter2@models.example.com/v1"
    config = EndpointConfig.of(
        load(env_file=None, llm_api_key="hunter2", llm_base_url=url, llm_model="m")
    )
    assert "hunter2" not in repr(config)


async def test_no_library_logs_the_endpoints_password_or_key(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    with LlmEndpoint(cooking) as endpoint:
        url = endpoint.url.replace("//", "//user:hunter2@")
        async with asking(redis, url, llm_api_key="hunter3") as asker:
            with caplog.at_level(logging.DEBUG):
                assert await asker.outcome() == "answered"
    shown = url.replace("user:hunter2", "**********")
    assert f'HTTP Request: POST {shown}/chat/completions "HTTP/1.0 200 OK"' in caplog.messages
    assert "hunter" not in caplog.text
