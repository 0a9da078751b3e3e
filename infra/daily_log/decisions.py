"""What was decided about devices, kept beside the log whose gaps it explains.

The topic `device.control` keeps the newest decision of a device alone. Workers, who follow it, put
each into a sorted set of its device, `PREFIX:decisions:DEVICE`, by when it was written; one that
several put is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from infra.daily_log.wanted_gaps import Decision
from schemas import DeviceControl, SchemaError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from infra.daily_log.store import LogStore

MAX_KEPT = 500


class Decisions:
    """The decisions of one app's devices."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    @classmethod
    def of(cls, store: LogStore) -> Decisions:
        """Return those beside a daily log."""
        return cls(store.redis, store.prefix)

    async def put(self, device: str, written_ms: int, control: DeviceControl | None) -> None:
        """Keep a decision; of a device that was erased none is."""
        if control is None or control.state == "erased":
            await self.erase(device)
            return
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.zadd(self._key(device), {control.encode() + b"@%d" % written_ms: written_ms})
            pipe.zremrangebyrank(self._key(device), 0, -MAX_KEPT - 1)
            await pipe.execute()

    async def read(self, device: str) -> list[Decision]:
        """Return the decisions about a device that are kept, the oldest first."""
        members = await self._redis.zrange(self._key(device), 0, -1, withscores=True)
        decisions = []
        for member, written_ms in cast("list[tuple[bytes, float]]", members):
            try:
                control = DeviceControl.decode(member.rpartition(b"@")[0])
            except SchemaError:
                # Of a release that knows more.
                continue
            decisions.append(Decision(int(written_ms), control))
        return decisions

    async def erase(self, device: str) -> None:
        """Delete what is kept of a device."""
        await self._redis.delete(self._key(device))

    def _key(self, device: str) -> str:
        return f"{self._prefix}:decisions:{device}"
