"""The history of decisions about devices, which explains gaps in their logs.

The topic `device.control` keeps only a device's newest decision. Workers follow it and add each one
to the device's sorted set `PREFIX:decisions:DEVICE`, scored by its time of writing; adding the same
one several times is harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from infra.daily_log.intended_gaps import Decision
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
        """Return the decisions stored beside a daily log."""
        return cls(store.redis, store.prefix)

    async def put(self, device: str, written_ms: int, control: DeviceControl | None) -> None:
        """Store a decision; an erasure (None) deletes the device's history."""
        if control is None or control.state == "erased":
            await self.erase(device)
            return
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.zadd(self._key(device), {control.encode() + b"@%d" % written_ms: written_ms})
            pipe.zremrangebyrank(self._key(device), 0, -MAX_KEPT - 1)
            await pipe.execute()

    async def read(self, device: str) -> list[Decision]:
        """Return a device's decisions, the oldest first."""
        members = await self._redis.zrange(self._key(device), 0, -1, withscores=True)
        decisions = []
        for member, written_ms in cast("list[tuple[bytes, float]]", members):
            try:
                control = DeviceControl.decode(member.rpartition(b"@")[0])
            except SchemaError:
                # Written by a later release.
                continue
            decisions.append(Decision(int(written_ms), control))
        return decisions

    async def erase(self, device: str) -> None:
        """Delete a device's decisions."""
        await self._redis.delete(self._key(device))

    def _key(self, device: str) -> str:
        return f"{self._prefix}:decisions:{device}"
