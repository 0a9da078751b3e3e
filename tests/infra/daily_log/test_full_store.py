"""A store that is full takes nothing, and is read as before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from redis.exceptions import OutOfMemoryError

from infra.daily_log.archive import lines
from infra.daily_log.store import LogStore
from infra.device_state.live_states import LiveStates
from infra.redis.client import connect, outage
from infra.settings import Settings
from streams.web.hours import Hours
from tests.infra.daily_log.stored_records import T0, S, activity, scenario

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis


@pytest.fixture
async def full(real_redis: None, redis: Redis, redis_url: str) -> AsyncIterator[LogStore]:
    """A log of two records in a store that takes no more, through the product's own client."""
    settings = Settings(_env_file=None, redis_url=redis_url)
    client = await connect(settings)
    store = LogStore(client, "app", 36_500)
    await store.put_scenarios([scenario(T0, "d")])
    await store.put_activities([activity(T0, "d")])
    await redis.config_set("maxmemory", "1")
    try:
        yield store
    finally:
        await redis.config_set("maxmemory", "0")
        await client.aclose()


@pytest.mark.timeout(30)
async def test_a_full_store_is_read_at_once(full: LogStore) -> None:
    assert [(each.device_id, each.scenarios) for each in await full.devices()] == [("d", 1)]
    assert await full.count("d") == (1, 0, 1)
    assert await full.count_between("d", T0, T0 + S) == (1, 0, 1)
    log = await full.read("d", T0, T0 + S)
    assert (len(log.scenarios), len(log.activities)) == (1, 1)
    assert await full.next_start("d", 0) == T0
    assert await full.knows("d")
    assert len(await full.window_ids("d", T0, T0 + S)) == 2
    changes = await full.changes("d", 0)
    assert changes.from_ns is not None
    assert await full.recorded_ms("d") == changes.recorded_ms > 0
    assert len([line async for line in lines(full, "d", 0, T0 + S)]) == 4
    # Its summary cannot be kept, which costs the next reader time.
    texts, complete = await Hours(full, 0.5).read("d", 0, T0 + S, 0, brief=False)
    assert (len(texts), complete) == (1, True)
    # Nobody can be noted as a watcher.
    assert await LiveStates.of(full).watch("d") is None
    assert outage(full.redis) is None


async def test_a_full_store_is_full(full: LogStore, redis: Redis) -> None:
    with pytest.raises(OutOfMemoryError):
        await LogStore(redis, "app", 36_500).put_activities([activity(T0 + 5 * S, "d")])
    assert await full.count("d") == (1, 0, 1)
