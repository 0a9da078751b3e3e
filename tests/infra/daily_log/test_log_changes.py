"""What a reader is told to read again, and which revisions say so."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from infra.daily_log.log_changes import BUCKET_NS, buckets
from infra.daily_log.store import LogStore
from tests.infra.daily_log.corrected_log import correction, named_span
from tests.infra.daily_log.stored_records import DAY, T0, Clock, S, activity, refinement, scenario

if TYPE_CHECKING:
    from redis.asyncio import Redis


def test_buckets_are_those_that_a_span_overlaps() -> None:
    assert list(buckets(0, BUCKET_NS)) == [0]
    assert list(buckets(BUCKET_NS - 1, BUCKET_NS + 1)) == [0, BUCKET_NS]


async def test_a_correction_or_a_deletion_is_no_sign_of_the_device(store: LogStore) -> None:
    assert (await store.changes("d1", 0)).recorded_ms == await store.recorded_ms("d1") == 0
    await store.put_scenarios([scenario(T0), scenario(T0 + 30 * S)])
    before = await store.changes("d1", 0)
    assert 0 <= before.revision - before.recorded_ms < 60_000
    start = T0 / S
    corrected = correction(1, named_span(start, start + 30, "Reading"), device_id="d1")
    await store.put_corrections([corrected])
    after = await store.changes("d1", 0)
    assert after.revision > before.revision
    assert after.recorded_ms == await store.recorded_ms("d1") == before.recorded_ms > 0
    await store.delete("d1", T0, T0 + S)
    assert (await store.changes("d1", 0)).recorded_ms == before.recorded_ms
    await store.put_activities([activity(T0 + 30 * S)])
    assert (await store.changes("d1", 0)).recorded_ms >= before.recorded_ms


async def test_changes_name_the_span_to_read_again(store: LogStore) -> None:
    start = T0 // BUCKET_NS * BUCKET_NS
    records = [scenario(start + n * BUCKET_NS) for n in range(4)]
    await store.put_scenarios(records)
    all_of_it = await store.changes("d1", 0)
    assert all_of_it.from_ns == start
    changes = await store.changes("d1", all_of_it.revision)
    assert (changes.revision, changes.from_ns) == (all_of_it.revision, None)
    await store.put_refined([refinement(records[1], ["Eating"])])
    late = await store.changes("d1", all_of_it.revision)
    assert (late.revision > all_of_it.revision, late.from_ns) == (True, records[1].start_ns)


async def test_a_revision_is_the_wall_time_of_the_last_write(store: LogStore) -> None:
    earliest = time.time_ns() // 1_000_000
    await store.put_scenarios([scenario(T0)])
    first = (await store.changes("d1", 0)).revision
    assert earliest <= first <= time.time_ns() // 1_000_000
    await asyncio.sleep(0.02)
    later = time.time_ns() // 1_000_000
    await store.put_refined([refinement(scenario(T0), ["Eating"])])
    second = (await store.changes("d1", 0)).revision
    assert max(first + 1, later) <= second <= time.time_ns() // 1_000_000 + 1


async def test_revisions_go_on_growing_where_the_clock_goes_back(
    store: LogStore, redis: Redis
) -> None:
    ahead = time.time_ns() // 1_000_000 + 3_600_000
    await redis.set("test:log:revision:d1", ahead)
    await store.put_scenarios([scenario(T0)])
    assert (await store.changes("d1", 0)).revision == ahead + 1


async def test_revisions_grow_past_the_loss_of_the_store(store: LogStore, redis: Redis) -> None:
    await store.put_scenarios([scenario(T0)])
    before = (await store.changes("d1", 0)).revision
    await redis.flushall()
    await asyncio.sleep(0.002)
    await store.put_scenarios([scenario(T0)])
    assert (await store.changes("d1", before)).from_ns is not None


async def test_changes_expire_with_their_records(redis: Redis) -> None:
    clock = Clock()
    store = LogStore(redis, "old", retention_days=1, clock_ns=clock)
    await store.put_scenarios([scenario(T0), scenario(T0 + DAY)])
    clock.now_ns += 2 * DAY
    await store.put_scenarios([scenario(T0 + DAY)])
    changes = await store.changes("old", 0)
    assert changes.from_ns is None
    changes = await store.changes("d1", 0)
    assert changes.from_ns == (T0 + DAY) // BUCKET_NS * BUCKET_NS
