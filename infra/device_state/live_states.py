"""The live view: which devices are being watched, and their state in the last second.

The worker that serves the page is often not the one that processes the device, so they share Redis:
the sorted set `PREFIX:watched` of watched devices, scored by when watching ends, and a key
`PREFIX:live:DEVICE` each, which expires when no data arrives. Nothing is written for a device that
nobody watches.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from redis.exceptions import RedisError

from infra.redis.erasure_marks import IS_ERASED, NO_ERASURES, marks_key
from infra.redis.outage import at_once, refusal_code

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
# KEYS: a device's state, the marks of erased devices. ARGV: the device, the erasure that the state
# comes after (ms), the state, how long it is shown (s).
_PUT = (
    IS_ERASED
    + """
if is_erased(KEYS[2], ARGV[1], ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[4])
return 1
"""
)


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
        """Mark a device as watched and return its live state, or None if there is none.

        A store that takes nothing now shows none.
        """
        now_s = await self._now_s()
        try:
            with at_once():
                async with self._redis.pipeline(transaction=False) as pipe:
                    pipe.zadd(self._watched_key, {device: now_s + WATCHED_S})
                    pipe.zremrangebyscore(self._watched_key, "-inf", now_s)
                    pipe.get(self._key(device))
                    *_, value = await pipe.execute()
        except RedisError as error:
            if refusal_code(error) is None:
                raise
            return None
        return None if value is None else cast("dict[str, Any]", json.loads(value))

    async def watched(self) -> set[str]:
        """Return the watched devices, at most `MAX_WATCHED`."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.time()
            pipe.zrevrange(self._watched_key, 0, MAX_WATCHED - 1, withscores=True)
            (seconds, _), members = await pipe.execute()
        return {name.decode() for name, until_s in members if until_s >= seconds}

    async def put(
        self, states: Mapping[str, dict[str, Any]], after_ms: Mapping[str, int] = NO_ERASURES
    ) -> None:
        """Write states by device; they expire after `SHOWN_S`.

        `after_ms` is the erasure that a device's state comes after, 0 if it is left out. States of
        devices that were erased since are dropped.
        """
        async with self._redis.pipeline(transaction=False) as pipe:
            for device, state in states.items():
                pipe.eval(
                    _PUT,
                    2,
                    self._key(device),
                    marks_key(self._prefix),
                    *(device, after_ms.get(device, 0), json.dumps(state), SHOWN_S),
                )
            await pipe.execute()

    async def delete(self, device: str) -> None:
        """Delete a device's state."""
        await self._redis.delete(self._key(device))
        await self._redis.zrem(self._watched_key, device)

    async def _now_s(self) -> float:
        seconds, micros = await self._redis.time()
        return float(seconds) + float(micros) / 1e6

    @property
    def _watched_key(self) -> str:
        return f"{self._prefix}:watched"

    def _key(self, device: str) -> str:
        return f"{self._prefix}:live:{device}"
