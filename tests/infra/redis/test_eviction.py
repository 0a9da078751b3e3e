from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from redis.exceptions import NoPermissionError

from infra.redis.client import connect
from infra.redis.eviction import Eviction, EvictionWatch, eviction, warn_of_eviction
from infra.settings import load
from tests.conftest import debian_redis

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 3_000_000


@pytest.mark.parametrize(
    ("policy", "limit", "deletes"),
    [
        ("allkeys-lru", LIMIT, "keys"),
        ("allkeys-random", LIMIT, "keys"),
        ("allkeys-lru", 0, ""),
        ("volatile-lru", LIMIT, "checkpoints"),
        ("volatile-ttl", LIMIT, "checkpoints"),
        ("noeviction", LIMIT, ""),
    ],
)
async def test_a_store_that_would_delete_what_is_needed_is_named_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, policy: str, limit: int, deletes: str
) -> None:
    options = ("--maxmemory", str(limit), "--maxmemory-policy", policy)
    with debian_redis(tmp_path, *options) as url:
        settings = load(env_file=None, redis_url=url)
        async with await connect(settings) as redis:
            await warn_of_eviction(redis, settings)
    line = (
        f"redis at {url} deletes {deletes} of any device once its memory is full (maxmemory-policy "
        f"{policy}, maxmemory {limit}), and has deleted 0: set maxmemory-policy noeviction there"
    )
    assert caplog.messages == ([line] if deletes else [])


async def test_a_log_that_is_deleted_meanwhile_is_said_until_the_policy_is_right(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with debian_redis(tmp_path, "--maxmemory-policy", "allkeys-lru") as url:
        settings = load(env_file=None, redis_url=url)
        watch = EvictionWatch(settings)
        async with await connect(settings) as redis:
            watching = asyncio.create_task(watch.run(redis, interval_s=0.01))
            await redis.config_set("maxmemory", LIMIT)
            await asyncio.sleep(0.1)
            assert watch.problem is None
            async with asyncio.timeout(30):
                for number in range(40):
                    await redis.set(f"log:{number}", bytes(100_000))
                while watch.problem is None:
                    await asyncio.sleep(0.01)
                assert watch.problem == (
                    f"redis at {url} deletes keys of the log, because its memory is full "
                    f"(maxmemory-policy allkeys-lru, maxmemory {LIMIT}): set maxmemory-policy "
                    "noeviction, give it more memory, then run `log rebuild`"
                )
                said = watch.problem
                await redis.config_set("maxmemory-policy", "noeviction")
                while watch.problem is not None:
                    await asyncio.sleep(0.01)
            watching.cancel()
    assert caplog.messages == [said, f"redis at {url} deletes no more keys"]


def test_a_server_that_was_started_again_counts_from_zero() -> None:
    watch = EvictionWatch(load(env_file=None, redis_url="redis://a"))
    for evicted in (7, 7, 0):
        watch.look_at(Eviction("allkeys-lru", LIMIT, evicted))
        assert watch.problem is None
    watch.look_at(Eviction("allkeys-lru", LIMIT, 1))
    assert watch.problem is not None


async def test_a_store_that_does_not_say_is_not_warned_of() -> None:
    class Silent:
        async def info(self, _section: str) -> None:
            raise NoPermissionError("no permissions to run the 'info' command")

    assert await eviction(Silent()) is None  # type: ignore[arg-type]


def test_a_server_that_deletes_checkpoints_is_said_to() -> None:
    watch = EvictionWatch(load(env_file=None, redis_url="redis://a"))
    for evicted in (0, 1):
        watch.look_at(Eviction("volatile-lru", LIMIT, evicted))
    assert watch.problem == (
        "redis at redis://a deletes checkpoints, because its memory is full (maxmemory-policy "
        f"volatile-lru, maxmemory {LIMIT}): set maxmemory-policy noeviction, give it more memory"
    )
