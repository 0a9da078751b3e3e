"""The history of decisions about devices, which explains gaps in their logs.

The topic `device.control` keeps only a device's newest decision. Workers follow it and add each one
to the device's sorted set `PREFIX:decisions:DEVICE`, scored by its time of writing; adding the same
one several times is harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from infra.daily_log.intended_gaps import Decision
from infra.daily_log.scripts import PUT_DECISION
from infra.redis.erasure_marks import ErasureMarks, marks_key
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
        """Store a decision; an erasure (None) deletes the device's history.

        An erasure, and its end, also become the device's mark (`infra.redis.erasure_marks`).
        """
        marks = ErasureMarks(self._redis, self._prefix)
        erased_ms = 0 if control is None else control.erased_ms or 0
        if control is None or control.state == "erased":
            if erased_ms:
                await marks.erase(device, erased_ms)
            await self.erase(device)
            return
        if erased_ms:
            await marks.resume(device, erased_ms)
        await self._redis.eval(
            PUT_DECISION,
            2,
            self._key(device),
            marks_key(self._prefix),
            # A decision that is as old as an erasure was made before it.
            *(device, written_ms - 1, control.encode() + b"@%d" % written_ms, written_ms, MAX_KEPT),
        )

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
