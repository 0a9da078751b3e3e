"""The last minutes of a device that the refiner tells with its question."""

from __future__ import annotations

import json

from redis.asyncio import Redis

from models.labels import SCENARIOS
from schemas.frames import NS
from tests.pipeline.llm_endpoint import LlmEndpoint
from tests.streams.refining import DEVICE, MORNING_NS, record, refining, says


async def test_the_last_minutes_are_in_the_prompt(redis: Redis) -> None:
    with LlmEndpoint(says("Eating")) as endpoint:
        async with refining(redis, endpoint.url, refine_context_s=90.0) as app:
            await app.read([record(n, confidence=0.4 if n == 6 else 0.8) for n in range(7)])
            await app.finish(7)
    [request] = endpoint.requests
    last_minutes = json.loads(request["messages"][-1]["content"])["last_minutes"]
    assert [each["minutes_before"] for each in last_minutes] == [1.5, 1.0, 0.5]
    assert last_minutes[-1]["scenario"] == f"<{SCENARIOS[5]}, 0.80>"


async def test_after_a_start_the_last_minutes_come_from_the_log(redis: Redis) -> None:
    with LlmEndpoint(says("Eating")) as endpoint:
        async with refining(redis, endpoint.url, refine_context_s=90.0) as app:
            await app.runtime.log.put_scenarios([record(n) for n in range(5)])
            await app.read([record(5, confidence=0.8), record(6)])
            await app.finish(2)
    [request] = endpoint.requests
    last_minutes = json.loads(request["messages"][-1]["content"])["last_minutes"]
    assert [each["minutes_before"] for each in last_minutes] == [1.5, 1.0, 0.5]


async def test_what_the_log_gave_once_is_not_read_again(redis: Redis) -> None:
    with LlmEndpoint(says("Eating")) as endpoint:
        async with refining(redis, endpoint.url, refine_context_s=90.0) as app:
            await app.runtime.log.put_scenarios([record(n) for n in range(5)])
            await app.read([record(5)])
            await app.finish(1)
            await app.runtime.log.delete(DEVICE, 0, MORNING_NS + 3_600 * NS)
            await app.read([record(6)])
            await app.finish(2)
    _, request = endpoint.requests
    last_minutes = json.loads(request["messages"][-1]["content"])["last_minutes"]
    assert [each["minutes_before"] for each in last_minutes] == [1.5, 1.0, 0.5]


async def test_a_burst_leaves_the_store_its_connections(redis: Redis) -> None:
    burst = [record(n) for n in range(100)]
    with LlmEndpoint(says("Eating")) as endpoint:
        for _ in range(2):
            async with refining(redis, endpoint.url, llm_cache_days=1) as app:
                await app.read(burst)
                await app.finish(100)
                assert {each.scenarios[0] for each in app.of("scenario.refined")} == {"Eating"}
    assert len(endpoint.requests) == 100
    pool = redis.connection_pool
    assert len(pool._available_connections) + len(pool._in_use_connections) < 20


async def test_a_log_that_does_not_answer_costs_the_last_minutes_only(redis: Redis) -> None:
    gone = Redis.from_url("redis://127.0.0.1:9/0")
    with LlmEndpoint(says("Eating")) as endpoint:
        async with refining(gone, endpoint.url) as app:
            await app.read([record(0)])
            await app.finish(1)
    await gone.aclose()
    [refined] = app.of("scenario.refined")
    assert refined.scenarios == ["Eating"]
