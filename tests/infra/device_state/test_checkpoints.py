from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.device_state.checkpoints import KEEP_S, Checkpoints
from infra.errors import StoreError
from tests.infra.redis.closed_redis import closed_redis

if TYPE_CHECKING:
    from redis.asyncio import Redis


async def test_what_was_put_last_is_what_is_read(redis: Redis) -> None:
    checkpoints = Checkpoints(redis, "app")
    assert await checkpoints.get("windower", "d1") is None
    await checkpoints.put("windower", {"d1": b"\x00old", "d2": b"two"})
    await checkpoints.put("windower", {"d1": b"\xffnew"})
    assert await checkpoints.get("windower", "d1") == b"\xffnew"
    assert await checkpoints.get("windower", "d2") == b"two"


async def test_what_was_read_from_another_broker_is_not_seen(redis: Redis) -> None:
    kafka, embedded = Checkpoints(redis, "app"), Checkpoints(redis, "app", "one")
    await kafka.put("windower", {"d": b"kafka"})
    await embedded.put("windower", {"d": b"one"})
    assert await Checkpoints(redis, "app", "two").get("windower", "d") is None
    assert await embedded.get("windower", "d") == b"one"
    assert await kafka.get("windower", "d") == b"kafka"


async def test_stages_and_applications_keep_apart(redis: Redis) -> None:
    one, other = Checkpoints(redis, "one"), Checkpoints(redis, "other")
    await one.put("windower", {"d": b"1"})
    await one.put("join", {"d": b"2"})
    assert await one.get("windower", "d") == b"1"
    assert await one.get("join", "d") == b"2"
    assert await other.get("windower", "d") is None


async def test_a_checkpoint_goes_thirty_days_after_its_last_write(redis: Redis) -> None:
    await Checkpoints(redis, "app").put("join", {"d": b"1"})
    ttl = await redis.ttl("app:checkpoint:join:d")
    assert KEEP_S - 5 < ttl <= KEEP_S == 30 * 86_400


async def test_putting_nothing_asks_nothing_of_redis() -> None:
    async with closed_redis() as closed:
        await Checkpoints(closed, "app").put("join", {})


async def test_a_failure_names_stage_and_device() -> None:
    async with closed_redis() as closed:
        checkpoints = Checkpoints(closed, "app")
        with pytest.raises(StoreError, match=r"^checkpoint of stage join for device d cannot be"):
            await checkpoints.get("join", "d")
        with pytest.raises(StoreError, match=r"^checkpoints of stage join for 1 devices cannot be"):
            await checkpoints.put("join", {"d": b"1"})
