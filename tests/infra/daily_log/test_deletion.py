from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra import clock
from infra.daily_log.log_changes import BUCKET_NS
from infra.daily_log.store import LogStore
from schemas.message import END_OF_TIME_NS
from tests.infra.daily_log.stored_records import (
    DAY,
    T0,
    Clock,
    S,
    activity,
    log_of,
    refinement,
    scenario,
)

if TYPE_CHECKING:
    from redis.asyncio import Redis


async def test_records_expire_by_the_wall_clock_since_they_were_written(redis: Redis) -> None:
    wall = Clock()
    store = LogStore(redis, "age", retention_days=1, clock_ns=wall)
    old, kept = scenario(T0 + 30 * S), scenario(T0)
    await store.put_scenarios([old, kept])
    await store.put_refined([refinement(old, ["Eating"]), refinement(kept, ["Eating"])])
    await store.put_activities([activity(T0)])
    wall.now_ns += DAY
    # Written again, a record starts anew, whatever its own time.
    await store.put_scenarios([kept])
    assert await store.count("d1") == (2, 2, 1)
    wall.now_ns += S
    await store.put_activities([activity(T0 + 60 * S)])
    assert await store.count("d1") == (1, 0, 1)
    assert [s.start_ns for s in (await log_of(store)).scenarios] == [T0]


@pytest.mark.parametrize("days_off", [-400, 400])
async def test_a_worker_whose_clock_is_wrong_costs_no_record(
    redis: Redis, monkeypatch: pytest.MonkeyPatch, days_off: int
) -> None:
    wrong_ns = clock.now_ns() + days_off * DAY
    store = LogStore(redis, "wrong", retention_days=30)
    await store.put_scenarios([scenario(T0), scenario(T0, "silent")])
    with monkeypatch.context() as patch:
        patch.setattr(clock, "_read", lambda: wrong_ns)
        worker = LogStore(redis, "wrong", retention_days=30)
        await worker.put_scenarios([scenario(T0 + 30 * S)])
        assert await worker.expire() == 0
    await store.put_scenarios([scenario(T0 + 60 * S)])
    assert await store.expire() == 0
    assert (await store.count("d1")).scenarios == 3
    # The page says by this since when a device is silent.
    assert abs(await store.recorded_ms("d1") - clock.now_s() * 1_000) < 60_000
    assert abs((await store.changes("d1", 0)).revision - clock.now_s() * 1_000) < 60_000


async def test_records_of_an_earlier_build_count_from_the_next_write(redis: Redis) -> None:
    wall = Clock()
    store = LogStore(redis, "before", retention_days=1, clock_ns=wall)
    await store.put_scenarios([scenario(T0)])
    await redis.delete("before:log:scenario:written:d1")
    wall.now_ns += 9 * DAY
    await store.put_activities([activity(T0)])
    assert await store.count("d1") == (1, 0, 1)
    wall.now_ns += DAY + S
    await store.put_activities([activity(T0)])
    assert await store.count("d1") == (0, 0, 1)


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


async def test_the_log_of_a_device_that_fell_silent_expires_too(redis: Redis) -> None:
    wall = Clock()
    store = LogStore(redis, "silent", retention_days=10, clock_ns=wall)
    await store.put_scenarios([scenario(T0), scenario(T0, "d2")])
    wall.now_ns += 6 * DAY
    await store.put_scenarios([scenario(T0 + 30 * S, "d2")])
    assert await store.expire() == 0
    wall.now_ns += 5 * DAY
    assert await store.expire() == 2
    assert [device.device_id for device in await store.devices()] == ["d2"]
    assert (await store.count("d2")).scenarios == 1
    assert not await store.knows("d1")
    # Expiry is no sign of life: who asks what changed gets nothing.
    revision = (await store.changes("d2", 0)).revision
    assert await store.expire() == 0
    assert (await store.changes("d2", revision)).from_ns is None
    wall.now_ns += 6 * DAY
    assert await store.expire() == 1
    assert await store.ping() == 0
