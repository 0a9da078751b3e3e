"""Wearers' corrections in Redis.

They are stored apart from the records that they correct, and never expire: they are the wearer's
own words, and there are few.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.daily_log.log_changes import buckets
from infra.daily_log.redis_format import fetch_stored, score, text, writing_time
from infra.daily_log.scripts import PUT_CORRECTIONS
from schemas import Correction
from schemas.correction import MAX_SPAN_NS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.asyncio import Redis

    from infra.daily_log.keys import LogKeys

_ROW = "correction"


class StoredCorrections:
    """The corrections of one app's logs; every `put` is safe to repeat."""

    def __init__(self, redis: Redis, keys: LogKeys, clock_ns: Callable[[], int] | None) -> None:
        self._redis = redis
        self._keys = keys
        self._clock_ns = clock_ns

    async def put(self, corrections: Sequence[Correction], after_ms: int) -> int:
        """Upsert corrections, one transaction for each device; return how many are refused."""
        by_device: dict[str, list[Correction]] = {}
        for each in corrections:
            by_device.setdefault(each.device_id, []).append(each)
        refused = 0
        for device, device_corrections in by_device.items():
            if not await self._put(device, device_corrections, after_ms):
                refused += len(device_corrections)
        return refused

    async def _put(self, device: str, corrections: Sequence[Correction], after_ms: int) -> bool:
        changed = {bucket for each in corrections for bucket in buckets(each.start_ns, each.end_ns)}
        keys = [
            self._keys.index(_ROW, device),
            self._keys.data(_ROW, device),
            self._keys.changes(device),
            self._keys.revision(device),
            self._keys.erased,
        ]
        fields = [
            field
            for each in corrections
            for field in (each.correction_id, score(each.start_ns), each.model_dump_json())
        ]
        return bool(
            await self._redis.eval(
                PUT_CORRECTIONS,
                len(keys),
                *keys,
                *(writing_time(self._clock_ns), device, after_ms, len(corrections)),
                *fields,
                *sorted(changed),
            )
        )

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
