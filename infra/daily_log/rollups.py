"""Cached summaries of hours, as the page draws them."""

from __future__ import annotations

import logging
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from redis.exceptions import RedisError

from infra.daily_log.scripts import PUT_FIELDS
from infra.redis.outage import at_once, cause, passes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from infra.daily_log.keys import LogKeys

log = logging.getLogger(__name__)

_DAY_S = 86_400


class Rollup(NamedTuple):
    """An hour's summary as JSON, in full and in brief, and the log's revision it was made of."""

    revision: int
    full: str
    brief: str


class Rollups:
    """The cache, by device, `kind` (the format) and hour, the start in ns."""

    def __init__(self, redis: Redis, keys: LogKeys, retention_days: float) -> None:
        self._redis = redis
        self._keys = keys
        self._retention_s = int(retention_days * _DAY_S) + 1

    async def get(self, device: str, kind: str, hours: Sequence[int]) -> dict[int, Rollup]:
        """Return the cached summaries of `hours`."""
        if not hours:
            return {}
        fields = [f"{kind}/{hour}" for hour in hours]
        values: Any = await self._redis.hmget(self._keys.rollup(device), fields)
        cached = {}
        for hour, value in zip(hours, values, strict=True):
            if value is not None:
                revision, full, brief = zlib.decompress(value).decode().split("\n")
                cached[hour] = Rollup(int(revision), full, brief)
        return cached

    async def put(
        self, device: str, kind: str, hour: int, rollup: Rollup, after_ms: int = 0
    ) -> None:
        """Cache the summary of an hour for as long as the log is kept.

        It is dropped if the device was erased after the erasure `after_ms`, and if the store takes
        nothing now: whoever reads an hour need not wait until it does.
        """
        value = zlib.compress("\n".join(map(str, rollup)).encode())
        keys = self._keys.rollup(device), self._keys.erased
        arguments = device, after_ms, self._retention_s, f"{kind}/{hour}", value
        try:
            with at_once():
                await self._redis.eval(PUT_FIELDS, len(keys), *keys, *arguments)
        except RedisError as error:
            if not passes(error):
                raise
            log.debug("the summary of an hour is not kept: %s", cause(error))
