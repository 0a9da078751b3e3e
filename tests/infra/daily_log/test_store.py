from __future__ import annotations

import asyncio
import itertools
import random
import time
from typing import Any

import pytest
from redis.asyncio import Redis

from infra.daily_log.log_changes import BUCKET_NS
from infra.daily_log.records import Log, content
from infra.daily_log.redis_format import LogStoreError
from infra.daily_log.store import LogStore
from schemas.message import END_OF_TIME_NS
from tests.infra.daily_log.stored_records import (
    DAY,
    T0,
    Clock,
    S,
    activity,
    refinement,
    scenario,
)


@pytest.fixture
def store(redis: Redis) -> LogStore:
    return LogStore(redis, "test", retention_days=30)


async def everything(store: LogStore, device: str = "d1") -> Log:
    return await store.read(device, 0, END_OF_TIME_NS)


async def test_what_is_put_is_read_bit_for_bit_without_embeddings(store: LogStore) -> None:
    record = scenario(T0)
    await store.put_scenarios([record])
    await store.put_activities([activity(T0)])
    log = await everything(store)
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
    assert len((await everything(store)).scenarios) == 1


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
        logs.append(content(await everything(store)))
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
    assert (await everything(store)).scenarios == []
    assert await store.devices() == []
    await store.put_scenarios([record])
    merged = (await everything(store)).scenarios[0]
    assert merged.refined == refinement(record, ["Eating"])
    assert merged.leading == "Eating"


async def test_a_scenario_leads_with_its_likeliest_label_until_it_is_refined(
    store: LogStore,
) -> None:
    first, second = scenario(T0), scenario(T0 + 30 * S)
    await store.put_scenarios([first, second])
    await store.put_refined([refinement(second, [])])
    assert [s.leading for s in (await everything(store)).scenarios] == ["Cooking", "Cooking"]


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
        assert [r.start_ns for r in (await everything(store, name)).scenarios] == [T0 + n * 30 * S]


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
    assert content(await everything(store, "nobody")) == []


async def test_records_expire_by_the_wall_clock_since_they_were_written(redis: Redis) -> None:
    clock = Clock()
    store = LogStore(redis, "age", retention_days=1, clock_ns=clock)
    old, kept = scenario(T0 + 30 * S), scenario(T0)
    await store.put_scenarios([old, kept])
    await store.put_refined([refinement(old, ["Eating"]), refinement(kept, ["Eating"])])
    await store.put_activities([activity(T0)])
    clock.now_ns += DAY
    # Written again, a record starts anew, whatever its own time.
    await store.put_scenarios([kept])
    assert await store.count("d1") == (2, 2, 1)
    clock.now_ns += S
    await store.put_activities([activity(T0 + 60 * S)])
    assert await store.count("d1") == (1, 0, 1)
    assert [s.start_ns for s in (await everything(store)).scenarios] == [T0]


async def test_records_of_an_earlier_build_count_from_the_next_write(redis: Redis) -> None:
    clock = Clock()
    store = LogStore(redis, "before", retention_days=1, clock_ns=clock)
    await store.put_scenarios([scenario(T0)])
    await redis.delete("before:log:scenario:written:d1")
    clock.now_ns += 9 * DAY
    await store.put_activities([activity(T0)])
    assert await store.count("d1") == (1, 0, 1)
    clock.now_ns += DAY + S
    await store.put_activities([activity(T0)])
    assert await store.count("d1") == (0, 0, 1)


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


async def test_what_is_deleted_is_gone_and_read_again(redis: Redis, store: LogStore) -> None:
    first, second = scenario(T0), scenario(T0 + 3 * BUCKET_NS)
    await store.put_scenarios([first, second])
    await store.put_refined([refinement(first, ["Eating"])])
    await store.put_activities([activity(T0), activity(T0 + 3 * BUCKET_NS)])
    seen = (await store.changes("d1", 0)).revision
    assert await store.count_between("d1", 0, second.start_ns) == (1, 1, 1)
    assert await store.delete("d1", 0, second.start_ns) == (1, 1, 1)
    assert await store.count("d1") == (1, 0, 1)
    changes = await store.changes("d1", seen)
    assert changes.from_ns == T0 // BUCKET_NS * BUCKET_NS
    assert await store.delete("d1", 0, END_OF_TIME_NS) == (1, 0, 1)
    assert await store.devices() == []
    assert set(await redis.keys("test:log:*:d1")) <= {b"test:log:revision:d1"}


async def test_deleting_nothing_changes_nothing(store: LogStore) -> None:
    await store.put_scenarios([scenario(T0)])
    seen = (await store.changes("d1", 0)).revision
    assert await store.delete("d1", T0 + S, T0 + S) == (0, 0, 0)
    assert await store.delete("nobody", 0, END_OF_TIME_NS) == (0, 0, 0)
    changes = await store.changes("d1", seen)
    assert (changes.revision, changes.from_ns) == (seen, None)


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
        logs.append(await everything(store))
    assert logs[0] != logs[1]
    assert content(logs[0]) == content(logs[1])
    await store.put_scenarios([scenario(T0, confidence=0.3333333333333334)])
    assert content(await everything(store)) != content(logs[1])


async def test_a_whole_day_is_read(store: LogStore) -> None:
    await store.put_scenarios([scenario(T0 + n * 30 * S) for n in range(2880)])
    assert len((await everything(store)).scenarios) == 2880


async def test_a_damaged_record_is_named(store: LogStore, redis: Redis) -> None:
    await store.put_scenarios([scenario(T0)])
    await redis.hset("test:log:scenario:data:d1", scenario(T0).window_id, '{"device_id": "d1"}')
    with pytest.raises(LogStoreError, match="stored LogScenario has a bad window_id"):
        await everything(store)


async def test_clients_that_decode_text_work_as_well(redis: Redis, redis_url: str) -> None:
    async with Redis.from_url(redis_url, decode_responses=True) as text:
        store = LogStore(text, "text", retention_days=30)
        await store.put_scenarios([scenario(T0)])
        assert [summary.device_id for summary in await store.devices()] == ["d1"]
        assert len((await everything(store)).scenarios) == 1


async def test_putting_nothing_is_allowed(store: LogStore) -> None:
    await store.put_scenarios([])
    assert await store.devices() == []


@pytest.mark.parametrize("days", [0.0, -1.0])
async def test_a_retention_that_is_not_positive_is_refused(redis: Redis, days: float) -> None:
    with pytest.raises(ValueError, match="expected a positive number of days"):
        LogStore(redis, "test", retention_days=days)


async def test_the_log_of_a_device_that_fell_silent_expires_too(redis: Redis) -> None:
    clock = Clock()
    store = LogStore(redis, "silent", retention_days=10, clock_ns=clock)
    await store.put_scenarios([scenario(T0), scenario(T0, "d2")])
    clock.now_ns += 6 * DAY
    await store.put_scenarios([scenario(T0 + 30 * S, "d2")])
    assert await store.expire() == 0
    clock.now_ns += 5 * DAY
    assert await store.expire() == 2
    assert [device.device_id for device in await store.devices()] == ["d2"]
    assert (await store.count("d2")).scenarios == 1
    assert not await store.knows("d1")
    # Expiry is no sign of life: who asks what changed gets nothing.
    revision = (await store.changes("d2", 0)).revision
    assert await store.expire() == 0
    assert (await store.changes("d2", revision)).from_ns is None
    clock.now_ns += 6 * DAY
    assert await store.expire() == 1
    assert await store.ping() == 0
