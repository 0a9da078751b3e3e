"""Which spans of a log changed since a reader last looked, by the revision of their last write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from infra.daily_log.keys import SHOWN
from schemas.event_time import NS_PER_MS
from schemas.frames import NS

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from infra.daily_log.keys import LogKeys

BUCKET_NS = 15 * 60 * NS


class Changes(NamedTuple):
    """The changes since a revision; there are none if `from_ns` is None.

    Every changed record starts at or after `from_ns` (rounded down to `BUCKET_NS`). `revision` is
    the wall time of the last write, ms since the epoch (1 more for each further write within a
    millisecond); 0 for an unknown device. `recorded_ms` is the wall time at which a record was
    last written, which corrections and deletions do not change; 0 without any.
    """

    revision: int
    recorded_ms: int
    from_ns: int | None

    def silent_s(self, now_ns: int) -> float | None:
        """Return the wall time since the last record, None if there was none."""
        return silent_s(self.recorded_ms, now_ns)


def silent_s(recorded_ms: int, now_ns: int) -> float | None:
    """Return the seconds since the wall time of a device's last record, None if that is 0."""
    return max(0.0, now_ns // NS_PER_MS - recorded_ms) / 1_000 if recorded_ms else None


def buckets(from_ns: int, to_ns: int) -> range:
    """Return the starts of the buckets that [from_ns, to_ns) overlaps."""
    return range(from_ns // BUCKET_NS * BUCKET_NS, to_ns, BUCKET_NS)


class LogChanges:
    """The changes of one app's logs; the scripts that write records keep them."""

    def __init__(self, redis: Redis, keys: LogKeys) -> None:
        self._redis = redis
        self._keys = keys

    async def since(self, device: str, revision: int) -> Changes:
        """Return the newest revision, and the start of the changes after `revision`.

        A reader that reads again from `from_ns` misses nothing, not even late refinements.
        Revisions grow with every write, even if the whole store was lost in between.
        """
        key = self._keys.changes(device)
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.zrange(key, -1, -1, withscores=True)
            pipe.zrangebyscore(key, f"({revision}", "+inf")
            self._ask_last_records(pipe, device)
            newest, changed, *last_records = await pipe.execute()
        return Changes(
            int(newest[0][1]) if newest else 0,
            _newest_ms(last_records),
            min((int(bucket) for bucket in changed), default=None),
        )

    async def recorded_ms(self, device: str) -> int:
        """Return the wall time at which a record was last written, see `Changes`."""
        async with self._redis.pipeline(transaction=False) as pipe:
            self._ask_last_records(pipe, device)
            return _newest_ms(await pipe.execute())

    async def bucket_revisions(self, device: str, from_ns: int, to_ns: int) -> dict[int, int]:
        """Return the revision of the last write to each bucket that starts in [from_ns, to_ns)."""
        every: Any = await self._redis.zrange(self._keys.changes(device), 0, -1, withscores=True)
        return {
            int(bucket): int(revision)
            for bucket, revision in every
            if from_ns <= int(bucket) < to_ns
        }

    def _ask_last_records(self, pipe: Any, device: str) -> None:
        for row in SHOWN:
            pipe.zrange(self._keys.by_write_time(row, device), -1, -1, withscores=True)


def _newest_ms(last_records: list[Any]) -> int:
    """Return the write time of the newest of each kind's last record, in microseconds there."""
    return max((int(last[0][1]) for last in last_records if last), default=0) // 1_000
