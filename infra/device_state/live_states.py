"""What somebody looks at now: which devices, and what their workers say of the last second.

Any worker serves the page and another one may work on the device, so both meet in Redis: a sorted
set of the devices that are watched, `PREFIX:watched`, by when that ends; and a key each,
`PREFIX:live:DEVICE`, which goes by itself once nothing comes in. Nothing is written of a device
that nobody watches.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.asyncio import Redis

    from infra.daily_log.store import LogStore

# Who watches says so again with each request.
WATCHED_S = 10.0
# Longer than a device's frames are waited for, so that what comes late is no silence.
SHOWN_S = 10
MAX_WATCHED = 32
"""Devices that are shown at a time; of more, those that were asked for last."""


class LiveStates:
    """The live states of one app; times are by the server's clock, which all its clients share."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    @classmethod
    def of(cls, store: LogStore) -> LiveStates:
        """Return those beside a daily log."""
        return cls(store.redis, store.prefix)

    async def watch(self, device: str) -> dict[str, Any] | None:
        """Return what is said of a device now, None while nothing is; from now on it is watched."""
        now_s = await self._now_s()
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.zadd(self._watched, {device: now_s + WATCHED_S})
            pipe.zremrangebyscore(self._watched, "-inf", now_s)
            pipe.get(self._key(device))
            *_, value = await pipe.execute()
        return None if value is None else cast("dict[str, Any]", json.loads(value))

    async def watched(self) -> set[str]:
        """Return the devices that somebody watches, at most `MAX_WATCHED`."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.time()
            pipe.zrevrange(self._watched, 0, MAX_WATCHED - 1, withscores=True)
            (seconds, _), members = await pipe.execute()
        return {name.decode() for name, until_s in members if until_s >= seconds}

    async def put(self, states: Mapping[str, dict[str, Any]]) -> None:
        """Say something of devices for the next `SHOWN_S`."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for device, state in states.items():
                pipe.set(self._key(device), json.dumps(state), ex=SHOWN_S)
            await pipe.execute()

    async def delete(self, device: str) -> None:
        """Say no more of a device."""
        await self._redis.delete(self._key(device))

    async def _now_s(self) -> float:
        seconds, micros = await self._redis.time()
        return float(seconds) + float(micros) / 1e6

    @property
    def _watched(self) -> str:
        return f"{self._prefix}:watched"

    def _key(self, device: str) -> str:
        return f"{self._prefix}:live:{device}"
