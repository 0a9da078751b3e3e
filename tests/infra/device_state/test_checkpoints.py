from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.device_state.checkpoints import KEEP_S, Checkpoints, OwnedCheckpoints
from infra.errors import StoreError, TakenOverError
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


async def test_only_the_worker_that_read_last_writes(redis: Redis) -> None:
    frozen, other = (OwnedCheckpoints(redis, "app", None, owner=name) for name in ("w1", "w2"))
    assert await frozen.get("windower", "d1") is None
    await frozen.put("windower", {"d1": b"one", "d2": b"one"})
    assert await other.get("windower", "d1") == b"one"
    await other.put("windower", {"d1": b"two"})
    with pytest.raises(TakenOverError) as refused:
        await frozen.put("windower", {"d2": b"of d2", "d1": b"older"})
    assert str(refused.value) == (
        "checkpoints of stage windower are not written for 1 devices, such as 'd1': another worker "
        "has taken them over"
    )
    assert await other.get("windower", "d1") == b"two"
    assert await Checkpoints(redis, "app").get("windower", "d2") == b"of d2"
    # It gets the device back with a rebalance.
    assert await frozen.get("windower", "d1") == b"two"
    await frozen.put("windower", {"d1": b"three"})
    with pytest.raises(TakenOverError):
        await other.put("windower", {"d1": b"older"})
    assert await frozen.get("windower", "d1") == b"three"


async def test_a_store_that_came_back_empty_takes_what_its_worker_writes(redis: Redis) -> None:
    checkpoints = OwnedCheckpoints(redis, "app", None, owner="w1")
    await checkpoints.get("windower", "d")
    await redis.flushall()
    await checkpoints.put("windower", {"d": b"1"})
    assert await checkpoints.get("windower", "d") == b"1"


async def test_an_owner_is_known_as_long_as_the_checkpoint(redis: Redis) -> None:
    checkpoints = OwnedCheckpoints(redis, "app", "life", owner="w1")
    await checkpoints.get("join", "d")
    assert KEEP_S - 5 < await redis.ttl("app:checkpoint@life-owner:join:d") <= KEEP_S
    await redis.expire("app:checkpoint@life-owner:join:d", 9)
    await checkpoints.put("join", {"d": b"1"})
    for kind in ("checkpoint@life", "checkpoint@life-owner"):
        assert KEEP_S - 5 < await redis.ttl(f"app:{kind}:join:d") <= KEEP_S


async def test_erasing_a_device_leaves_no_owner_and_counts_the_checkpoints(redis: Redis) -> None:
    for life in (None, "life"):
        checkpoints = OwnedCheckpoints(redis, "app", life, owner="w1")
        for device in ("d", "c:d"):
            await checkpoints.get("windower", device)
            await checkpoints.put("windower", {device: b"1"})
    assert await Checkpoints.erase(redis, "app", "d") == 2
    assert sorted([key async for key in redis.scan_iter()]) == [
        b"app:checkpoint-owner:windower:c:d",
        b"app:checkpoint:windower:c:d",
        b"app:checkpoint@life-owner:windower:c:d",
        b"app:checkpoint@life:windower:c:d",
    ]


async def test_a_failure_of_owned_checkpoints_names_stage_and_device() -> None:
    async with closed_redis() as closed:
        checkpoints = OwnedCheckpoints(closed, "app", None, owner="w1")
        await checkpoints.put("join", {})
        with pytest.raises(StoreError, match=r"^checkpoint of stage join for device d cannot be"):
            await checkpoints.get("join", "d")
        with pytest.raises(StoreError, match=r"^checkpoints of stage join for 1 devices cannot be"):
            await checkpoints.put("join", {"d": b"1"})
