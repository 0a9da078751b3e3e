"""Where a window's record lies in the topic `scenario`, whose features the log leaves out.

This takes a few bytes per window, and is kept a day longer than the topic keeps the record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.daily_log.redis_format import text
from infra.daily_log.scripts import PUT_FIELDS
from infra.redis.erasure_marks import marks_key
from infra.topics import DAY_S, SCENARIO, TOPICS
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Redis

    from infra.daily_log.store import LogStore
    from schemas import Scenario

_DAY_NS = DAY_S * NS
_KEPT_S = next(topic.retention_s for topic in TOPICS if topic.name == SCENARIO) + DAY_S

Place = tuple[int, int]
"""Partition and offset."""


class RecordOffsets:
    """The places of one app's windows in Redis: a hash per device and day of event time."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    @classmethod
    def of(cls, store: LogStore) -> RecordOffsets:
        """Return the places stored beside a daily log."""
        return cls(store.redis, store.prefix)

    async def put(
        self, places: Mapping[str, Place], records: Sequence[Scenario], after_ms: int = 0
    ) -> None:
        """Store places by window id; a later place of a window replaces an earlier one.

        Those of devices that were erased after the erasure `after_ms` are dropped.
        """
        by_key: dict[tuple[str, str], list[str]] = {}
        for record in records:
            partition, offset = places[record.window_id]
            place = self._key(record.device_id, record.start_ns), record.device_id
            by_key.setdefault(place, []).extend([record.window_id, f"{partition}/{offset}"])
        async with self._redis.pipeline(transaction=False) as pipe:
            for (key, device), fields in by_key.items():
                keys = key, marks_key(self._prefix)
                pipe.eval(PUT_FIELDS, len(keys), *keys, device, after_ms, _KEPT_S, *fields)
            await pipe.execute()

    async def read(self, device: str, records: Sequence[Scenario]) -> dict[str, Place]:
        """Return the known places of records, by window id."""
        by_key: dict[str, list[str]] = {}
        for record in records:
            by_key.setdefault(self._key(device, record.start_ns), []).append(record.window_id)
        places: dict[str, Place] = {}
        for key, windows in by_key.items():
            for window, value in zip(windows, await self._redis.hmget(key, windows), strict=True):
                if value is not None:
                    partition, _, offset = text(value).partition("/")
                    places[window] = int(partition), int(offset)
        return places

    async def erase(self, device: str) -> int:
        """Delete a device's places; return how many days had any."""
        keys = [
            key
            async for key in self._redis.scan_iter(match=f"{self._prefix}:place:*:{device}")
            # A device id may contain the separator of keys.
            if text(key).removeprefix(f"{self._prefix}:place:").partition(":")[2] == device
        ]
        return int(await self._redis.delete(*keys)) if keys else 0

    def _key(self, device: str, start_ns: int) -> str:
        return f"{self._prefix}:place:{start_ns // _DAY_NS}:{device}"
