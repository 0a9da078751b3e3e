"""The live view: which devices are being watched, and their state in the last second.

The worker that serves the page is often not the one that processes the device, so they share Redis:
the sorted set `PREFIX:watched` of watched devices, scored by when watching ends, and a key
`PREFIX:live:DEVICE` each, which expires when no data arrives. Nothing is written for a device that
nobody watches.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.asyncio import Redis

    from infra.daily_log.store import LogStore

# Each request of a watching page extends this.
WATCHED_S = 10.0
# Longer than the allowed lateness, so that late frames do not look like silence.
SHOWN_S = 10
MAX_WATCHED = 32
"""Devices shown at a time; of more, the most recently requested ones."""


class LiveStates:
    """The live states of one app; times are by the Redis server's clock, which clients share."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    @classmethod
    def of(cls, store: LogStore) -> LiveStates:
        """Return the live states stored beside a daily log."""
        return cls(store.redis, store.prefix)

    async def watch(self, device: str) -> dict[str, Any] | None:
        """Mark a device as watched and return its live state, or None if there is none."""
        now_s = await self._now_s()
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.zadd(self._watched_key, {device: now_s + WATCHED_S})
            pipe.zremrangebyscore(self._watched_key, "-inf", now_s)
            pipe.get(self._key(device))
            *_, value = await pipe.execute()
        return None if value is None else cast("dict[str, Any]", json.loads(value))

    async def watched(self) -> set[str]:
        """Return the watched devices, at most `MAX_WATCHED`."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.time()
            pipe.zrevrange(self._watched_key, 0, MAX_WATCHED - 1, withscores=True)
            (seconds, _), members = await pipe.execute()
        return {name.decode() for name, until_s in members if until_s >= seconds}

    async def put(self, states: Mapping[str, dict[str, Any]]) -> None:
        """Write states by device; they expire after `SHOWN_S`."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for device, state in states.items():
                pipe.set(self._key(device), json.dumps(state), ex=SHOWN_S)
            await pipe.execute()

    async def delete(self, device: str) -> None:
        """Delete a device's state."""
        await self._redis.delete(self._key(device))

    async def _now_s(self) -> float:
        seconds, micros = await self._redis.time()
        return float(seconds) + float(micros) / 1e6

    @property
    def _watched_key(self) -> str:
        return f"{self._prefix}:watched"

    def _key(self, device: str) -> str:
        return f"{self._prefix}:live:{device}"
