"""Whether Redis deletes keys of the log, or checkpoints, when its memory is full.

A Redis that is set up as a cache has a limit (`maxmemory`) and a policy that deletes whatever was
used least: one key is the log of a device, and its deletion is no error of any command. Policies
that delete only keys with a time to live (`volatile-*`) spare the log, which has none, and delete
checkpoints: a worker that takes over a device knows nothing of its minutes before then, and who
held it last. `noeviction` refuses writes, which are waited for.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from infra.redis.outage import at_once
from infra.secrets import mask_url

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from infra.settings import Settings

log = logging.getLogger(__name__)

INTERVAL_S = 10.0
# What brings back what is deleted; nothing does that for checkpoints.
_THEN = ", then run `log rebuild`"


@dataclass(frozen=True)
class Eviction:
    """A policy that deletes keys, the server's limit, and how many keys it has deleted."""

    policy: str
    maxmemory: int
    evicted: int

    @property
    def spares_the_log(self) -> bool:
        """Whether only keys with a time to live are deleted."""
        return self.policy.startswith("volatile")

    def __str__(self) -> str:
        return f"maxmemory-policy {self.policy}, maxmemory {self.maxmemory}"


async def eviction(redis: Redis) -> Eviction | None:
    """Return what may delete keys; None if nothing does, or INFO is not permitted."""
    try:
        with at_once():
            memory = await redis.info("memory")
            policy, limit = str(memory.get("maxmemory_policy", "")), memory.get("maxmemory", 0)
            if not policy.startswith(("allkeys", "volatile")) or not limit:
                return None
            stats = await redis.info("stats")
    except RedisError:
        return None
    return Eviction(policy, int(limit), int(stats.get("evicted_keys", 0)))


async def warn_of_eviction(redis: Redis, settings: Settings) -> None:
    """Log a warning if the server deletes keys that are needed once its memory is full."""
    found = await eviction(redis)
    if found is not None:
        log.warning(
            "redis at %s deletes %s of any device once its memory is full (%s), and has deleted "
            "%d: set maxmemory-policy noeviction there",
            mask_url(settings.redis_url),
            "checkpoints" if found.spares_the_log else "keys",
            found,
            found.evicted,
        )


class EvictionWatch:
    """Notices that keys were deleted while a program runs; `problem` says so until it is mended."""

    def __init__(self, settings: Settings) -> None:
        self._name = f"redis at {mask_url(settings.redis_url)}"
        self._evicted_before: int | None = None
        self.problem: str | None = None

    async def run(self, redis: Redis, interval_s: float = INTERVAL_S) -> None:
        """Look until cancelled."""
        while True:
            self.look_at(await eviction(redis))
            await asyncio.sleep(interval_s)

    def look_at(self, found: Eviction | None) -> None:
        """Note what the server says now."""
        if found is None:
            if self.problem is not None:
                log.warning("%s deletes no more keys", self._name)
            self.problem = self._evicted_before = None
            return
        before = found.evicted if self._evicted_before is None else self._evicted_before
        # A server that was started again counts from zero.
        grown = found.evicted > before or 0 < found.evicted < before
        if grown and self.problem is None:
            what, then = ("checkpoints", "") if found.spares_the_log else ("keys of the log", _THEN)
            self.problem = (
                f"{self._name} deletes {what}, because its memory is full ({found}): set "
                f"maxmemory-policy noeviction, give it more memory{then}"
            )
            log.error("%s", self.problem)
        self._evicted_before = found.evicted
