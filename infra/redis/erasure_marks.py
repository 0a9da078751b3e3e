"""Marks of erased devices, which every script that writes data of a device checks.

A process that was frozen or cut off while a device was erased still holds data of it and does not
know. So the store itself refuses what it writes later: the hash `PREFIX:erased` has a field for
each device that was ever erased. Its value is minus the time of the last erasure (wall time of the
topic `device.control`, ms since the epoch) as long as the device is erased, and that time once the
device was resumed.

A write says which erasure of its device the data comes after (`after_ms`, 0 for none). It is
refused while the device is erased, and if the last erasure was later. The check is part of the
script that writes, so nothing can come between them. Who restores the log of an erased device on
purpose says so by the mark itself.

A mark is never removed, because a process may be frozen for any time: like the topic, it keeps a
device's id and the time. Workers write all marks when they start, so a store that lost them has
them again.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from infra import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.asyncio import Redis

NO_ERASURES: Mapping[str, int] = MappingProxyType({})
"""The erasures that data of devices comes after, ms by device, where none was ever erased."""
# Begins a script: whether data of a device, which comes after an erasure, must not be written.
IS_ERASED = """
local function is_erased(marks, device, after_ms)
  local mark, after = tonumber(redis.call('HGET', marks, device) or 0), tonumber(after_ms)
  if mark < 0 then return after ~= mark end
  return mark > math.abs(after)
end
"""
# KEYS: the marks. ARGV: the device, its mark. Of one erasure, the resumption comes last.
_MARK = """
local new = tonumber(ARGV[2])
local old = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0)
if math.abs(new) > math.abs(old) or (new == -old and new > 0) then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
"""


def marks_key(prefix: str) -> str:
    """Return the key of the marks of the log whose keys begin with `prefix`."""
    return f"{prefix}:erased"


def log_prefix(app_id: str) -> str:
    """Return what the keys of an app's log begin with."""
    return f"{app_id}:log"


def count_refused(stage: str, refused: int) -> None:
    """Count what was refused because its device was erased."""
    if refused:
        metrics.dropped.labels(stage=stage, reason="erased").inc(refused)


class ErasureMarks:
    """The marks of one app; marks that are older than the stored one change nothing."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._key = marks_key(prefix)

    async def erase(self, device: str, erased_ms: int) -> None:
        """Refuse all data of a device from now on."""
        await self._mark(device, -erased_ms)

    async def resume(self, device: str, erased_ms: int) -> None:
        """Accept data of a device again that comes after its erasure."""
        await self._mark(device, erased_ms)

    async def read(self, device: str) -> int:
        """Return a device's mark; 0 if it was never erased, negative while it is."""
        value: Any = await self._redis.hget(self._key, device)
        return int(value or 0)

    async def _mark(self, device: str, mark: int) -> None:
        await self._redis.eval(_MARK, 1, self._key, device, mark)
