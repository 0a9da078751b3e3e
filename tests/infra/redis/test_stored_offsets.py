"""What a store says of how far it reaches, and how it tells that it is another copy."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from infra.device_state.checkpoints import OwnedCheckpoints
from infra.errors import StoreChangedError, StoreError
from infra.redis.stored_offsets import StoredOffsets
from tests.conftest import debian_redis
from tests.infra.redis.closed_redis import closed_redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

A, B = ("audio.frames", 0), ("imu.frames", 3)


async def test_what_was_written_is_read_by_the_next_worker(redis: Redis) -> None:
    offsets = StoredOffsets(redis, "app")
    assert await offsets.read([A, B]) == {}
    assert await offsets.advance({A: 7, B: 3})
    assert await offsets.advance({A: 9})
    assert await StoredOffsets(redis, "app").read([B, A, ("scenario", 0)]) == {A: 9, B: 3}
    assert await StoredOffsets(redis, "other").read([A, B]) == {}


async def test_offsets_that_went_back_are_noticed_and_nothing_is_written(redis: Redis) -> None:
    offsets = StoredOffsets(redis, "app")
    await offsets.read([A, B])
    await offsets.advance({A: 7, B: 3})
    await redis.hset("app:stored-offsets", "imu.frames:3", "2")
    assert not await offsets.advance({A: 9, B: 4})
    assert await StoredOffsets(redis, "app").read([A, B]) == {A: 7, B: 2}
    await redis.flushall()
    assert not await offsets.advance({A: 9})
    assert await redis.keys() == []
    # Once the partitions are sought anew, it is the store that counts.
    await offsets.read([A, B])
    assert await offsets.advance({A: 9})


async def test_a_frozen_workers_offsets_do_not_go_back_behind_the_next_owners(redis: Redis) -> None:
    frozen, owner = StoredOffsets(redis, "app"), StoredOffsets(redis, "app")
    await frozen.read([A])
    await frozen.advance({A: 5})
    await owner.read([A])
    await owner.advance({A: 9})
    assert await frozen.advance({A: 7})
    assert await owner.advance({A: 10})
    assert await frozen.read([A]) == {A: 10}


async def test_a_topic_created_anew_counts_from_its_beginning(redis: Redis) -> None:
    offsets = StoredOffsets(redis, "app")
    await offsets.read([A])
    await offsets.advance({A: 500})
    assert await offsets.advance({A: 3})
    assert await offsets.advance({A: 4})
    assert await StoredOffsets(redis, "app").read([A]) == {A: 4}


async def test_a_store_without_info_is_told_by_offsets_alone(
    redis: Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    evaluate = Redis.eval
    monkeypatch.setattr(
        Redis,
        "eval",
        lambda self, script, *rest: evaluate(self, script.replace("INFO", "NO"), *rest),
    )
    offsets = StoredOffsets(redis, "app")
    for _ in range(2):
        await offsets.read([A])
    assert offsets.history == ""
    assert await offsets.advance({A: 7})
    await redis.flushall()
    assert not await offsets.advance({A: 9})
    assert len(caplog.messages) == 1
    assert "does not permit INFO" in caplog.text


async def test_a_failure_is_one_line() -> None:
    async with closed_redis() as closed:
        offsets = StoredOffsets(closed, "app")
        with pytest.raises(StoreError, match=r"^stored offsets cannot be read: "):
            await offsets.read([A])
        with pytest.raises(StoreError, match=r"^stored offsets cannot be written: "):
            await offsets.advance({A: 1})


@asynccontextmanager
async def replicated(folder: Path) -> AsyncIterator[tuple[Redis, Redis]]:
    """A primary and its replica, which follows."""
    at_once = ("--repl-diskless-sync-delay", "0")
    for name in ("primary", "replica"):
        (folder / name).mkdir()
    with (
        debian_redis(folder / "primary", *at_once) as url,
        debian_redis(folder / "replica") as replica_url,
    ):
        host, port = url.removeprefix("redis://").split(":")
        async with Redis.from_url(url) as primary, Redis.from_url(replica_url) as replica:
            await replica.replicaof(host, port)
            yield primary, replica


@pytest.mark.services
async def test_a_replica_that_is_promoted_without_the_last_writes_says_so(tmp_path: Path) -> None:
    async with replicated(tmp_path) as (primary, replica):
        offsets = StoredOffsets(primary, "app")
        await offsets.read([A])
        checkpoints = OwnedCheckpoints(primary, "app", None, "w1")
        await checkpoints.put("windower", {"d": b"one"})
        await offsets.advance({A: 5})
        assert await primary.wait(1, 4_000) == 1
        await replica.replicaof("NO", "ONE")
        await checkpoints.put("windower", {"d": b"two"})
        assert await offsets.advance({A: 9})

        # The worker's client is led to the promoted replica.
        offsets._redis = replica
        moved = OwnedCheckpoints(replica, "app", None, "w1", history=lambda: offsets.history)
        with pytest.raises(StoreChangedError, match="another copy of the store answers"):
            await moved.get("windower", "d")
        assert not await offsets.advance({A: 10})
        assert await offsets.read([A]) == {A: 5}
        assert await moved.get("windower", "d") == b"one"
        assert await offsets.advance({A: 10})


@pytest.mark.services
async def test_a_replica_that_lacks_only_what_no_offset_tells_of_is_another_copy(
    tmp_path: Path,
) -> None:
    # What follows from messages is written between two commits.
    async with replicated(tmp_path) as (primary, replica):
        offsets = StoredOffsets(primary, "app")
        await offsets.read([A])
        await offsets.advance({A: 5})
        assert await primary.wait(1, 4_000) == 1
        await replica.replicaof("NO", "ONE")
        offsets._redis = replica
        assert not await offsets.advance({A: 9})
