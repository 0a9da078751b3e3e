"""Deletion from the daily log: of a span, of what is past its retention, or of a whole device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.daily_log.keys import ROWS
from infra.daily_log.log_changes import BUCKET_NS
from infra.daily_log.record_index import Counts
from infra.daily_log.redis_format import IDS_AT_ONCE, score, text, writing_time
from infra.daily_log.scripts import BUMP_REVISION, EXPIRE_SILENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis

    from infra.daily_log.keys import LogKeys
    from infra.daily_log.record_index import RecordIndex

_DEVICES_AT_ONCE = 100


class Deletion:
    """Deletes from one app's log; records last for `retention_us` after their writing."""

    def __init__(
        self,
        redis: Redis,
        keys: LogKeys,
        index: RecordIndex,
        retention_us: int,
        clock_ns: Callable[[], int] | None,
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._index = index
        self._retention_us = retention_us
        self._clock_ns = clock_ns

    async def delete(self, device: str, from_ns: int, to_ns: int) -> Counts:
        """Delete the records that start in [from_ns, to_ns); return how many of each row."""
        doomed = await self._index.ids(ROWS, device, from_ns, to_ns)
        if any(doomed):
            async with self._redis.pipeline(transaction=True) as pipe:
                for row, ids in zip(ROWS, doomed, strict=True):
                    for begin in range(0, len(ids), IDS_AT_ONCE):
                        chunk = ids[begin : begin + IDS_AT_ONCE]
                        pipe.zrem(self._keys.index(row, device), *chunk)
                        pipe.hdel(self._keys.data(row, device), *chunk)
                        pipe.zrem(self._keys.by_write_time(row, device), *chunk)
                pipe.eval(BUMP_REVISION, 1, self._keys.revision(device))
                revision = (await pipe.execute())[-1]
            await self._mark_deleted(device, from_ns, to_ns, revision)
        return Counts(*map(len, doomed))

    async def expire(self) -> int:
        """Delete the records of all devices that are past their retention; return how many.

        Each write expires the old records of its device, so this is for devices that fell silent.
        """
        expired = 0
        devices = self._keys.devices
        async for member in self._redis.sscan_iter(devices, count=_DEVICES_AT_ONCE):
            device = text(member)
            keys = [*self._keys.of(device), devices]
            times = (writing_time(self._clock_ns), self._retention_us, score(BUCKET_NS))
            expired += int(await self._redis.eval(EXPIRE_SILENT, len(keys), *keys, *times, device))
        return expired

    async def erase(self, device: str) -> int:
        """Delete everything of a device, including its revision; return the number of records."""
        records = sum(await self._index.count(device))
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.srem(self._keys.devices, device)
            pipe.delete(*self._keys.of(device), *self._keys.beside(device))
            await pipe.execute()
        return records

    async def _mark_deleted(self, device: str, from_ns: int, to_ns: int, revision: int) -> None:
        """Mark the deleted span as changed, and forget a device without records."""
        buckets = [
            text(bucket)  # type: ignore[arg-type]  # without scores
            for bucket in await self._redis.zrange(self._keys.changes(device), 0, -1)
            if from_ns - BUCKET_NS < int(bucket) < to_ns  # type: ignore[arg-type]
        ]
        async with self._redis.pipeline(transaction=True) as pipe:
            if not any(await self._index.count(device)):
                pipe.srem(self._keys.devices, device)
                pipe.delete(self._keys.changes(device))
                pipe.delete(self._keys.rollup(device))
            elif buckets:
                pipe.zadd(self._keys.changes(device), dict.fromkeys(buckets, revision))
            await pipe.execute()
