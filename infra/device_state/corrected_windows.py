"""Windows that wearers corrected, with the features that a worker judges them again by.

Each window is written by itself, as its wearer's word on it stands now: several workers may write
those of one device at once and in any order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from redis.exceptions import RedisError

from infra.errors import StoreError
from schemas import FinetuneItem, SchemaError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from redis.asyncio import Redis

KEPT = 200
"""The newest windows of a device: four evenings of correcting, 1.5 MB."""

# How often the windows of a device changed: no window has this name.
_CHANGES = b""


class CorrectedWindows:
    """The corrected windows of one app's devices in Redis, a hash each: `APP:corrected:DEVICE`.

    They are kept for good, as the corrections are. Failures raise `StoreError`.
    """

    def __init__(self, redis: Redis, app_id: str) -> None:
        self._redis = redis
        self._app_id = app_id

    async def put(self, items: Sequence[FinetuneItem]) -> None:
        """Keep what a wearer says of windows of one device; one without labels is forgotten."""
        if not items:
            return
        device = items[0].device_id
        key = self._key(device)
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                for item in items:
                    if item.pseudo_labels:
                        pipe.hset(key, item.window_id, item.encode())
                    else:
                        pipe.hdel(key, item.window_id)
                pipe.hincrby(key, _CHANGES, 1)
                pipe.hlen(key)
                *_, fields = await pipe.execute()
            # One of the fields is the number of changes.
            if fields - 1 > KEPT:
                surplus = (await self.read(device))[1][:-KEPT]
                if surplus:
                    await self._redis.hdel(key, *(each.window_id for each in surplus))
        except RedisError as error:
            raise self._failed(device, "written", error) from error

    async def changes(self, device: str) -> int:
        """Return how often the windows of a device changed, 0 where there never were any."""
        try:
            value = await cast(
                "Awaitable[bytes | None]", self._redis.hget(self._key(device), _CHANGES)
            )
        except RedisError as error:
            raise self._failed(device, "read", error) from error
        return int(value or 0)

    async def read(self, device: str) -> tuple[int, list[FinetuneItem]]:
        """Return how often the windows of a device changed, and these by time."""
        try:
            values = await cast(
                "Awaitable[dict[bytes, bytes]]", self._redis.hgetall(self._key(device))
            )
        except RedisError as error:
            raise self._failed(device, "read", error) from error
        changes = int(values.pop(_CHANGES, 0))
        read = [item for value in values.values() if (item := _decoded(value)) is not None]
        return changes, sorted(read, key=lambda item: (item.start_ns, item.window_id))

    async def erase(self, device: str) -> int:
        """Forget the corrected windows of a device; return of how many there was something."""
        try:
            count = await self._redis.hlen(self._key(device))
            await self._redis.delete(self._key(device))
        except RedisError as error:
            raise self._failed(device, "removed", error) from error
        return max(0, count - 1)

    def _key(self, device: str) -> str:
        return f"{self._app_id}:corrected:{device}"

    def _failed(self, device: str, done: str, error: RedisError) -> StoreError:
        return StoreError(f"corrected windows of device {device} cannot be {done}: {error}")


def _decoded(value: bytes) -> FinetuneItem | None:
    try:
        return FinetuneItem.decode(value)
    except SchemaError:
        # Of another version of this program: nothing is judged by it.
        return None
