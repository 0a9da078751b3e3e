"""Windows that wearers corrected, with the features that personal adapters are trained on.

Each window is stored separately with its current label, because several workers may write windows
of one device at the same time and in any order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from redis.exceptions import RedisError

from infra.errors import StoreError
from infra.redis.erasure_marks import IS_ERASED, log_prefix, marks_key
from schemas import FinetuneItem, SchemaError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from redis.asyncio import Redis

KEPT = 200
"""Windows kept per device, the newest: four evenings of corrections, 1.5 MB."""

# The hash field that counts changes; no window id is empty.
_CHANGES = b""
# KEYS: a device's windows, the marks of erased devices. ARGV: the device, the erasure that the
# windows come after (ms), of each its id and its message, empty to delete it. Returns the number of
# fields, -1 if the device was erased since.
_PUT = (
    IS_ERASED
    + """
if is_erased(KEYS[2], ARGV[1], ARGV[2]) then return -1 end
for i = 3, #ARGV, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[1], ARGV[i])
  else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
redis.call('HINCRBY', KEYS[1], '', 1)
return redis.call('HLEN', KEYS[1])
"""
)


class CorrectedWindows:
    """Corrected windows in Redis, one hash per device: `APP:corrected:DEVICE`.

    Like corrections they never expire. Failures raise `StoreError`.
    """

    def __init__(self, redis: Redis, app_id: str) -> None:
        self._redis = redis
        self._app_id = app_id

    async def put(self, items: Sequence[FinetuneItem], after_ms: int = 0) -> int:
        """Store corrected windows of one device; a window without labels is deleted.

        Returns how many are refused because the device was erased after the erasure `after_ms`.
        """
        if not items:
            return 0
        device = items[0].device_id
        key = self._key(device)
        windows = [
            field
            for item in items
            for field in (item.window_id, item.encode() if item.pseudo_labels else b"")
        ]
        try:
            fields: Any = await self._redis.eval(
                _PUT, 2, key, marks_key(log_prefix(self._app_id)), device, after_ms, *windows
            )
            # One field is the change counter.
            if fields - 1 > KEPT:
                surplus = (await self.read(device))[1][:-KEPT]
                if surplus:
                    await self._redis.hdel(key, *(each.window_id for each in surplus))
        except RedisError as error:
            raise self._store_error(device, "written", error) from error
        return len(items) if fields < 0 else 0

    async def changes(self, device: str) -> int:
        """Return how often a device's windows changed; 0 if it never had any."""
        try:
            value = await cast(
                "Awaitable[bytes | None]", self._redis.hget(self._key(device), _CHANGES)
            )
        except RedisError as error:
            raise self._store_error(device, "read", error) from error
        return int(value or 0)

    async def read(self, device: str) -> tuple[int, list[FinetuneItem]]:
        """Return the number of changes and the device's windows, ordered by time."""
        try:
            values = await cast(
                "Awaitable[dict[bytes, bytes]]", self._redis.hgetall(self._key(device))
            )
        except RedisError as error:
            raise self._store_error(device, "read", error) from error
        changes = int(values.pop(_CHANGES, 0))
        read = [item for value in values.values() if (item := _decode(value)) is not None]
        return changes, sorted(read, key=lambda item: (item.start_ns, item.window_id))

    async def erase(self, device: str) -> int:
        """Delete a device's corrected windows; return how many there were."""
        try:
            count = await self._redis.hlen(self._key(device))
            await self._redis.delete(self._key(device))
        except RedisError as error:
            raise self._store_error(device, "removed", error) from error
        return max(0, count - 1)

    def _key(self, device: str) -> str:
        return f"{self._app_id}:corrected:{device}"

    def _store_error(self, device: str, done: str, error: RedisError) -> StoreError:
        return StoreError(f"corrected windows of device {device} cannot be {done}: {error}")


def _decode(value: bytes) -> FinetuneItem | None:
    try:
        return FinetuneItem.decode(value)
    except SchemaError:
        # Written by another version of the program: ignored.
        return None
