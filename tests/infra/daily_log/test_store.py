from __future__ import annotations

import asyncio
import itertools
import random
import time
from typing import Any

import pytest
from redis.asyncio import Redis

from infra.daily_log.records import content
from infra.daily_log.redis_format import LogStoreError
from infra.daily_log.store import LogStore
from tests.infra.daily_log.stored_records import (
    DAY,
    T0,
    S,
    activity,
    log_of,
    refinement,
    scenario,
)


async def test_what_is_put_is_read_bit_for_bit_without_embeddings(store: LogStore) -> None:
    record = scenario(T0)
    await store.put_scenarios([record])
    await store.put_activities([activity(T0)])
    log = await log_of(store)
    assert log.scenarios[0].model_dump() == {
        **record.model_dump(),
        "embeddings": None,
        "refined": None,
        "corrected": None,
    }
    assert log.activities[0].model_dump() == {**activity(T0).model_dump(), "corrected": None}


async def test_windows_with_a_record_are_listed_by_their_ids(store: LogStore) -> None:
    await store.put_scenarios([scenario(T0), scenario(T0 + 30 * S), scenario(T0, "d2")])
    await store.put_activities([activity(T0)])
    assert await store.window_ids("d1", T0, T0 + 1) == {
        scenario(T0).window_id,
        activity(T0).window_id,
    }


async def test_putting_again_changes_nothing(store: LogStore) -> None:
    for _ in range(3):
        await store.put_scenarios([scenario(T0), scenario(T0)])
        await store.put_activities([activity(T0)])
        await store.put_refined([refinement(scenario(T0), ["Eating"])])
    assert await store.count("d1") == (1, 1, 1)
    assert len((await log_of(store)).scenarios) == 1


async def test_the_order_of_arrival_does_not_matter(redis: Redis) -> None:
    scenarios = [scenario(T0 + n * 30 * S) for n in range(40)]
    puts: list[tuple[str, Any]] = [
        *(("put_scenarios", each) for each in scenarios),
        *(("put_refined", refinement(each, ["Eating"])) for each in scenarios[::3]),
        *(("put_activities", activity(T0 + n * 5 * S)) for n in range(60)),
    ]
    logs = []
    for seed in range(3):
        store = LogStore(redis, f"order{seed}", retention_days=30)
        random.Random(seed).shuffle(puts)
        for name, record in puts:
            await getattr(store, name)([record])
        logs.append(content(await log_of(store)))
    assert len(logs[0]) == 100
    assert logs[0] == logs[1] == logs[2]


async def test_no_record_expires_another_whatever_their_times(redis: Redis) -> None:
    days = [0, 1, 3, 20_000]
    for n, order in enumerate(itertools.permutations(days)):
        store = LogStore(redis, f"expiry{n}", retention_days=2)
        for day in order:
            await store.put_scenarios([scenario(T0 + day * DAY)])
        assert await store.count("d1") == (4, 0, 0)


async def test_a_refined_record_that_comes_first_waits_for_its_scenario(store: LogStore) -> None:
    record = scenario(T0)
    await store.put_refined([refinement(record, ["Eating"])])
    assert (await log_of(store)).scenarios == []
    assert await store.devices() == []
    await store.put_scenarios([record])
    merged = (await log_of(store)).scenarios[0]
    assert merged.refined == refinement(record, ["Eating"])
    assert merged.leading == "Eating"


async def test_a_scenario_leads_with_its_likeliest_label_until_it_is_refined(
    store: LogStore,
) -> None:
    first, second = scenario(T0), scenario(T0 + 30 * S)
    await store.put_scenarios([first, second])
    await store.put_refined([refinement(second, [])])
    assert [s.leading for s in (await log_of(store)).scenarios] == ["Cooking", "Cooking"]


async def test_reading_is_ordered_and_holds_starts_from_inclusive_to_exclusive(
    store: LogStore,
) -> None:
    starts = [T0 + n * 30 * S for n in range(6)]
    await store.put_scenarios([scenario(start) for start in reversed(starts)])
    log = await store.read("d1", starts[1], starts[4])
    assert [record.start_ns for record in log.scenarios] == starts[1:4]


async def test_bounds_are_exact_to_the_nanosecond(store: LogStore) -> None:
    starts = [T0 + 1, T0 + 2, T0 + 1_001]
    await store.put_scenarios([scenario(start) for start in starts])
    log = await store.read("d1", T0 + 2, T0 + 1_001)
    assert [record.start_ns for record in log.scenarios] == [T0 + 2]


async def test_devices_do_not_see_each_other(store: LogStore) -> None:
    names = ["d1", "d1:scenario", "scenario:index:d1", "index"]
    await store.put_scenarios([scenario(T0 + n * 30 * S, name) for n, name in enumerate(names)])
    for n, name in enumerate(names):
        assert [r.start_ns for r in (await log_of(store, name)).scenarios] == [T0 + n * 30 * S]


async def test_apps_do_not_see_each_other(store: LogStore, redis: Redis) -> None:
    await store.put_scenarios([scenario(T0)])
    assert await LogStore(redis, "other", retention_days=30).devices() == []


async def test_a_summary_spans_both_rows(store: LogStore) -> None:
    await store.put_scenarios([scenario(T0), scenario(T0 + 30 * S)])
    await store.put_activities([activity(T0 - 5 * S), activity(T0 + 60 * S)])
    await store.put_scenarios([scenario(T0, "a0")])
    first, second = await store.devices()
    assert (first.device_id, first.scenarios, first.activities) == ("a0", 1, 0)
    assert (second.first_ns, second.last_ns) == (T0 - 5 * S, T0 + 65 * S)
    assert (second.scenarios, second.activities) == (2, 2)


async def test_an_unknown_device_is_empty(store: LogStore) -> None:
    assert await store.device("nobody") is None
    assert await store.count("nobody") == (0, 0, 0)
    assert content(await log_of(store, "nobody")) == []


async def test_a_summary_ends_with_the_newest_plausible_record(redis: Redis) -> None:
    store = LogStore(redis, "ahead", retention_days=1)
    now = time.time_ns() // S * S
    await store.put_scenarios([scenario(now - 60 * S), scenario(now + 9_000 * DAY)])
    summary = await store.device("d1")
    assert summary is not None
    assert (summary.first_ns, summary.last_ns) == (now - 60 * S, now - 30 * S)
    assert summary.scenarios == 1
    await store.delete("d1", 0, now)
    # What is left is shown rather than hidden.
    alone = await store.device("d1")
    assert alone is not None
    assert alone.first_ns == now + 9_000 * DAY


async def test_concurrent_writers_lose_nothing(store: LogStore) -> None:
    await asyncio.gather(
        *(store.put_scenarios([scenario(T0 + n * 30 * S)]) for n in range(50)),
        *(store.put_activities([activity(T0 + n * 5 * S)]) for n in range(50)),
    )
    assert await store.count("d1") == (50, 0, 50)


async def test_content_ignores_only_the_latency(store: LogStore) -> None:
    logs = []
    for latency_ms in (1.0, 2.0):
        await store.put_scenarios([scenario(T0)])
        await store.put_refined([refinement(scenario(T0), ["Eating"], latency_ms)])
        logs.append(await log_of(store))
    assert logs[0] != logs[1]
    assert content(logs[0]) == content(logs[1])
    await store.put_scenarios([scenario(T0, confidence=0.3333333333333334)])
    assert content(await log_of(store)) != content(logs[1])


async def test_a_whole_day_is_read(store: LogStore) -> None:
    await store.put_scenarios([scenario(T0 + n * 30 * S) for n in range(2880)])
    assert len((await log_of(store)).scenarios) == 2880


async def test_a_damaged_record_is_named(store: LogStore, redis: Redis) -> None:
    await store.put_scenarios([scenario(T0)])
    await redis.hset("test:log:scenario:data:d1", scenario(T0).window_id, '{"device_id": "d1"}')
    with pytest.raises(LogStoreError, match="stored LogScenario has a bad window_id"):
        await log_of(store)


async def test_clients_that_decode_text_work_as_well(redis: Redis, redis_url: str) -> None:
    async with Redis.from_url(redis_url, decode_responses=True) as text:
        store = LogStore(text, "text", retention_days=30)
        await store.put_scenarios([scenario(T0)])
        assert [summary.device_id for summary in await store.devices()] == ["d1"]
        assert len((await log_of(store)).scenarios) == 1


async def test_putting_nothing_is_allowed(store: LogStore) -> None:
    await store.put_scenarios([])
    assert await store.devices() == []


@pytest.mark.parametrize("days", [0.0, -1.0])
async def test_a_retention_that_is_not_positive_is_refused(redis: Redis, days: float) -> None:
    with pytest.raises(ValueError, match="expected a positive number of days"):
        LogStore(redis, "test", retention_days=days)
