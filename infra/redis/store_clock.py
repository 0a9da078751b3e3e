"""The store's clock, by which what it keeps is dated and expires: one clock for all workers.

A host that starts without having heard of the time, or a machine that was paused, may be months
off. By its own clock such a worker would delete the log of everybody as past its retention, or
write records that the next worker deletes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.event_time import NS_PER_MS
from schemas.frames import NS

if TYPE_CHECKING:
    from redis.asyncio import Redis

NOW_US = """
local function now_us(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end
"""
"""Begins a script: the time in µs since the epoch, or `given` where that is not ''."""


async def store_now_ns(redis: Redis) -> int:
    """Return the store's time, ns since the epoch, to the microsecond."""
    seconds, microseconds = await redis.time()
    return int(seconds) * NS + int(microseconds) * NS_PER_MS // 1_000
