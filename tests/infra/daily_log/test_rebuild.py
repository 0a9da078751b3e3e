from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from infra import topics
from infra.broker.device_control import AFTER_HEADER, read_controls, write_control
from infra.broker.topic_reader import publish
from infra.daily_log import rebuild as rebuilding
from infra.daily_log.rebuild import Rebuilt, rebuild
from infra.daily_log.records import content
from infra.daily_log.store import LogStore
from infra.device_state.erasure import erase
from schemas import DeviceControl
from schemas.message import END_OF_TIME_NS
from tests.broker_settings import never_resting, with_topics
from tests.infra.daily_log.corrected_log import correction, named_span
from tests.infra.daily_log.stored_records import T0, S, activity, refinement, scenario

if TYPE_CHECKING:
    from pathlib import Path

    from redis.asyncio import Redis

    from infra.settings import Settings


@pytest.fixture
async def settings(broker_url: str, redis_url: str) -> Settings:
    with_url = await with_topics(broker_url, 2)
    update = {"redis_url": redis_url, "app_id": f"rebuild-{uuid4().hex[:8]}"}
    return with_url.model_copy(update=update)


async def log_and_publish(settings: Settings, store: LogStore) -> None:
    """Do with a few records what a worker does: publish them, and write them to the log."""
    scenarios = [scenario(T0 + n * 30 * S, device) for n in range(3) for device in ("a", "b")]
    answers = [refinement(scenarios[0], ["Eating"])]
    activities = [activity(T0 + n * 5 * S, "a") for n in range(6)]
    for name, records in (
        (topics.SCENARIO, scenarios),
        (topics.SCENARIO_REFINED, answers),
        # Published twice, as after a crash.
        (topics.ACTIVITY, activities * 2),
    ):
        for record in records:
            await publish(settings, name, record.device_id, record.encode())
    await publish(settings, topics.SCENARIO, "a", b"hello")
    correction_made = correction(1, named_span(T0 / S, T0 / S + 30, "Eating"), device_id="b")
    for value in (correction_made.encode(), None, correction_made.encode()):
        await publish(
            settings, topics.CORRECTIONS, correction_made.correction_id, value, beside="b"
        )
    await store.put_corrections([correction_made])
    await store.put_scenarios(scenarios)
    await store.put_refined(answers)
    await store.put_activities(activities)


async def empty_store(redis: Redis, settings: Settings) -> None:
    async for key in redis.scan_iter(match=f"{settings.app_id}:*"):
        await redis.delete(key)


async def test_a_log_is_rebuilt_up_to_the_call_while_records_keep_coming(
    settings: Settings, redis: Redis
) -> None:
    store = LogStore(redis, settings.app_id, settings.log_retention_days)
    await log_and_publish(settings, store)
    before = content(await store.read("a", 0, END_OF_TIME_NS))
    await empty_store(redis, settings)
    late = scenario(T0, "late").encode()
    async with never_resting(settings, topics.SCENARIO, late), asyncio.timeout(60):
        rebuilt = await rebuild(settings, redis)
    assert rebuilt == Rebuilt(7, 1, 6, devices=3, skipped=1, corrections=1)
    assert content(await store.read("a", 0, END_OF_TIME_NS)) == before


async def test_an_empty_store_gets_the_same_log_from_the_topics(
    settings: Settings, redis: Redis
) -> None:
    store = LogStore(redis, settings.app_id, settings.log_retention_days)
    await log_and_publish(settings, store)
    before = [content(await store.read(device, 0, END_OF_TIME_NS)) for device in ("a", "b")]
    await empty_store(redis, settings)
    seen: list[tuple[int, int]] = []
    rebuilt = await rebuild(settings, redis, on_progress=lambda *step: seen.append(step))
    assert rebuilt == Rebuilt(6, 1, 6, devices=2, skipped=1, corrections=1)
    after = [content(await store.read(device, 0, END_OF_TIME_NS)) for device in ("a", "b")]
    assert after == before
    assert seen[-1][0] == 6 + 1 + 12 + 1 + 3
    assert await rebuild(settings, redis) == rebuilt
    assert [content(await store.read(device, 0, END_OF_TIME_NS)) for device in ("a", "b")] == before


async def test_only_what_was_asked_for_is_rebuilt_and_nothing_of_an_erased_device(
    settings: Settings, redis: Redis
) -> None:
    store = LogStore(redis, settings.app_id, settings.log_retention_days)
    await log_and_publish(settings, store)
    await empty_store(redis, settings)
    later = await rebuild(settings, redis, from_ns=T0 + 30 * S, device="b")
    assert later == Rebuilt(2, 0, 0, devices=1, skipped=1)
    await write_control(settings, DeviceControl(device_id="b", state="erased"))
    await rebuild(settings, redis)
    assert await store.count("b") == (2, 0, 0)
    assert await store.count("a") == (3, 1, 6)


async def test_a_device_that_is_erased_during_a_rebuild_is_gone_after_it(
    settings: Settings, redis: Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = settings.model_copy(update={"run_dir": tmp_path})
    store = LogStore(redis, settings.app_id, settings.log_retention_days)
    await log_and_publish(settings, store)
    expected = content(await store.read("a", 0, END_OF_TIME_NS))
    put, calls = rebuilding._put, 0

    async def put_beside_an_erasure(*written: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            await erase(settings, redis, "b", settle_s=0.0)
            assert not await store.knows("b")
        await put(*written)

    monkeypatch.setattr(rebuilding, "_put", put_beside_an_erasure)
    # Scenarios, the device's own, come last.
    monkeypatch.setattr(rebuilding, "_ROWS", rebuilding._ROWS[::-1])
    rebuilt = await rebuild(settings, redis)
    assert rebuilt.devices == 1
    assert not await store.knows("b")
    assert not [key async for key in redis.scan_iter(match=f"{settings.app_id}:*:b")]
    assert content(await store.read("a", 0, END_OF_TIME_NS)) == expected


async def test_of_a_device_that_was_erased_and_resumed_only_what_came_since_comes_back(
    settings: Settings, redis: Redis, tmp_path: Path
) -> None:
    settings = settings.model_copy(update={"run_dir": tmp_path})
    store = LogStore(redis, settings.app_id, settings.log_retention_days)
    await log_and_publish(settings, store)
    await erase(settings, redis, "b", settle_s=0.0)
    [erased] = [each for each in (await read_controls(settings)).values() if each.device_id == "b"]
    resumed = erased.model_copy(update={"state": "active"})
    await write_control(settings, resumed)
    # The store has lost its marks as well.
    await empty_store(redis, settings)
    since = scenario(T0 + 300 * S, "b")
    # As a worker writes that knows of the erasure.
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers) as producer:
        headers = [(AFTER_HEADER, str(erased.erased_ms).encode())]
        topic = settings.topic(topics.SCENARIO)
        await producer.send_and_wait(topic, key=b"b", value=since.encode(), headers=headers)
    await rebuild(settings, redis)
    assert await store.count("b") == (1, 0, 0)
    assert [each.window_id for each in (await store.read("b", 0, END_OF_TIME_NS)).scenarios] == [
        since.window_id
    ]
    assert await store.corrections("b", 0, END_OF_TIME_NS) == []
    assert await store.count("a") == (3, 1, 6)


async def test_only_corrections_that_are_signed_come_back_where_there_is_a_key(
    settings: Settings, redis: Redis
) -> None:
    signing = settings.model_copy(update={"signing_key": SecretStr("k" * 32)})
    one, other = (
        correction(n, named_span(T0 / S, T0 / S + 30, label), device_id="b")
        for n, label in ((1, "Eating"), (2, "Cooking"))
    )
    await publish(signing, topics.CORRECTIONS, one.correction_id, one.encode(), beside="b")
    await publish(settings, topics.CORRECTIONS, other.correction_id, other.encode(), beside="b")
    written = await rebuild(signing, redis)
    assert (written.corrections, written.skipped) == (1, 1)
    store = LogStore(redis, settings.app_id, settings.log_retention_days)
    assert await store.corrections("b", 0, END_OF_TIME_NS) == [one]
