"""The index of the daily log: which records a device has, by their start."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from infra.daily_log.keys import ROWS, SHOWN
from infra.daily_log.redis_format import score, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from infra.daily_log.keys import LogKeys


class Counts(NamedTuple):
    """Records of one device by row."""

    scenarios: int
    refined: int
    activities: int


class RecordIndex:
    """The index of one app's log; the scripts that write records keep it."""

    def __init__(self, redis: Redis, keys: LogKeys) -> None:
        self._redis = redis
        self._keys = keys

    async def ids(
        self, rows: Sequence[str], device: str, from_ns: int, to_ns: int
    ) -> list[list[str]]:
        """Return the ids of each row whose records start in [from_ns, to_ns), to the µs."""
        if from_ns >= to_ns:
            return [[] for _ in rows]
        async with self._redis.pipeline(transaction=False) as pipe:
            for row in rows:
                pipe.zrangebyscore(
                    self._keys.index(row, device), score(from_ns), f"({score(to_ns + 999)}"
                )
            answers = await pipe.execute()
        return [[*map(text, ids)] for ids in answers]

    async def next_start(self, device: str, from_ns: int) -> int | None:
        """Return the first start of a record from `from_ns` on, to the µs; None without any."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for row in SHOWN:
                pipe.zrangebyscore(
                    self._keys.index(row, device), score(from_ns), "+inf", 0, 1, withscores=True
                )
            answers = await pipe.execute()
        return min((int(at) * 1_000 for ids in answers for _, at in ids), default=None)

    async def count_between(self, device: str, from_ns: int, to_ns: int) -> Counts:
        """Return how many records of each row start in [from_ns, to_ns)."""
        return Counts(*map(len, await self.ids(ROWS, device, from_ns, to_ns)))

    async def count(self, device: str) -> Counts:
        """Return how many records of each row one device has."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for row in ROWS:
                pipe.zcard(self._keys.index(row, device))
            return Counts(*await pipe.execute())
