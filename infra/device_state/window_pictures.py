"""Feature pictures of scenario windows for the page (`EGOLOG_KEEP_FEATURES_H`).

Each is a Redis key `PREFIX:features:DEVICE:START_NS` that expires after the configured hours. A
sorted set per device holds the windows' starts, so that they can be deleted earlier; its scores are
the expiry times, by which it is trimmed.
"""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Any, cast

import msgpack
import numpy as np

from infra.errors import StoreError
from infra.redis.erasure_marks import IS_ERASED, marks_key
from infra.redis.store_clock import NOW_US

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from infra.daily_log.store import LogStore

_AT_ONCE = 500
# KEYS: a window's picture, the device's index, the marks of erased devices. ARGV: the device, the
# erasure that the window comes after (ms), the picture, its start (ns) and for how long the picture
# is kept (s).
_PUT = (
    IS_ERASED
    + NOW_US
    + """
if is_erased(KEYS[3], ARGV[1], ARGV[2]) then return 0 end
local now_s = now_us('') / 1000000
redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[5])
redis.call('ZADD', KEYS[2], now_s + ARGV[5], ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now_s)
redis.call('EXPIRE', KEYS[2], ARGV[5])
return 1
"""
)


class WindowPictures:
    """The pictures of one app's windows: named arrays of one or two dimensions."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    @classmethod
    def of(cls, store: LogStore) -> WindowPictures:
        """Return the pictures stored beside a daily log."""
        return cls(store.redis, store.prefix)

    async def put(
        self,
        device: str,
        start_ns: int,
        arrays: dict[str, np.ndarray[Any, Any]],
        hours: int,
        after_ms: int = 0,
    ) -> None:
        """Store a window's arrays for `hours`.

        They are dropped if the device was erased after the erasure `after_ms`.
        """
        packed = await asyncio.to_thread(_pack, arrays)
        await self._redis.eval(
            _PUT,
            3,
            self._key(device, start_ns),
            self._index(device),
            marks_key(self._prefix),
            *(device, after_ms, packed, start_ns, hours * 3_600),
        )

    async def read(self, device: str, start_ns: int) -> dict[str, np.ndarray[Any, Any]]:
        """Return a window's arrays, empty if none are stored; raises `StoreError`."""
        value = cast("bytes | None", await self._redis.get(self._key(device, start_ns)))
        if value is None:
            return {}
        try:
            packed = msgpack.unpackb(zlib.decompress(value))
            return {
                name: np.frombuffer(data, dtype).reshape(shape)
                for name, (dtype, shape, data) in packed.items()
            }
        except (ValueError, TypeError, zlib.error, msgpack.UnpackException) as error:
            raise StoreError(
                f"features of {device} at {start_ns} cannot be read: {error}"
            ) from error

    async def delete(self, device: str, from_ns: int, to_ns: int) -> int:
        """Delete the pictures of windows that start in [from_ns, to_ns); return how many."""
        starts = cast("list[bytes]", await self._redis.zrange(self._index(device), 0, -1))
        numbers = [start for start in map(int, starts) if from_ns <= start < to_ns]
        gone = 0
        for begin in range(0, len(numbers), _AT_ONCE):
            chunk = numbers[begin : begin + _AT_ONCE]
            gone += await self._redis.delete(*(self._key(device, each) for each in chunk))
            await self._redis.zrem(self._index(device), *map(str, chunk))
        return gone

    def _key(self, device: str, start_ns: int) -> str:
        return f"{self._prefix}:features:{device}:{start_ns}"

    def _index(self, device: str) -> str:
        return f"{self._prefix}:feature-starts:{device}"


def _pack(arrays: dict[str, np.ndarray[Any, Any]]) -> bytes:
    fields = {
        name: [array.dtype.str, list(array.shape), array.tobytes()]
        for name, array in arrays.items()
    }
    return zlib.compress(msgpack.packb(fields))
