"""Wearers' corrections in Redis.

They are stored apart from the records that they correct, and never expire: they are the wearer's
own words, and there are few.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.daily_log.log_changes import buckets
from infra.daily_log.redis_format import fetch_stored, score, text
from infra.daily_log.scripts import AFTER_CORRECTION
from schemas import Correction
from schemas.correction import MAX_SPAN_NS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.asyncio import Redis

    from infra.daily_log.keys import LogKeys

_ROW = "correction"


class StoredCorrections:
    """The corrections of one app's logs; every `put` is safe to repeat."""

    def __init__(self, redis: Redis, keys: LogKeys, clock_ns: Callable[[], int]) -> None:
        self._redis = redis
        self._keys = keys
        self._clock_ns = clock_ns

    async def put(self, corrections: Sequence[Correction]) -> None:
        """Upsert corrections, one transaction for each device."""
        by_device: dict[str, list[Correction]] = {}
        for each in corrections:
            by_device.setdefault(each.device_id, []).append(each)
        for device, device_corrections in by_device.items():
            await self._put(device, device_corrections)

    async def _put(self, device: str, corrections: Sequence[Correction]) -> None:
        changed = {bucket for each in corrections for bucket in buckets(each.start_ns, each.end_ns)}
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.zadd(
                self._keys.index(_ROW, device),
                {each.correction_id: score(each.start_ns) for each in corrections},
            )
            pipe.hset(
                self._keys.data(_ROW, device),
                mapping={each.correction_id: each.model_dump_json() for each in corrections},
            )
            pipe.eval(
                AFTER_CORRECTION,
                2,
                self._keys.changes(device),
                self._keys.revision(device),
                self._clock_ns() // 1_000_000,
                *sorted(changed),
            )
            await pipe.execute()

    async def overlapping(self, device: str, from_ns: int, to_ns: int) -> list[Correction]:
        """Return the corrections whose spans overlap [from_ns, to_ns), in any order.

        Raises `LogStoreError` if a stored one is damaged.
        """
        if from_ns >= to_ns:
            return []
        members = await self._redis.zrangebyscore(
            self._keys.index(_ROW, device),
            score(max(0, from_ns - MAX_SPAN_NS)),
            f"({score(to_ns + 999)}",
        )
        ids = [text(each) for each in members]  # type: ignore[arg-type]  # without scores
        records = await fetch_stored(self._redis, Correction, self._keys.data(_ROW, device), ids)
        return [each for each in records if each.start_ns < to_ns and each.end_ns > from_ns]
