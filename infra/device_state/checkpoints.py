"""Checkpoints: a stage's state of a device, kept across rebalances and restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from redis.exceptions import RedisError

from infra.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.asyncio import Redis

KEEP_S = 30 * 86_400


class Checkpoints:
    """One small value per stage and device in Redis, kept for 30 days after the last write.

    Keys are `APP:checkpoint:STAGE:DEVICE`. An embedded broker loses its messages when it restarts,
    so checkpoints of an earlier run must not apply; with `broker_life` keys are
    `APP:checkpoint@LIFE:STAGE:DEVICE`. Failures raise `StoreError`.
    """

    def __init__(self, redis: Redis, app_id: str, broker_life: str | None = None) -> None:
        self._redis = redis
        life = "" if broker_life is None else f"@{broker_life}"
        self._prefix = f"{app_id}:checkpoint{life}"

    async def get(self, stage: str, device_id: str) -> bytes | None:
        """Return the value last put, or None."""
        try:
            value = await self._redis.get(self._key(stage, device_id))
        except RedisError as error:
            raise StoreError(
                f"checkpoint of stage {stage} for device {device_id} cannot be read: {error}"
            ) from error
        # The client's types include decoded strings, which we never request.
        return cast("bytes | None", value)

    async def put(self, stage: str, items: Mapping[str, bytes]) -> None:
        """Write `items`, keyed by device id, in one transaction."""
        if not items:
            return
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                for device_id, value in items.items():
                    pipeline.set(self._key(stage, device_id), value, ex=KEEP_S)
                await pipeline.execute()
        except RedisError as error:
            raise StoreError(
                f"checkpoints of stage {stage} for {len(items)} devices cannot be written: {error}"
            ) from error

    async def remove(self, stage: str, device_id: str) -> bool:
        """Delete the value and return whether there was one."""
        try:
            return bool(await self._redis.delete(self._key(stage, device_id)))
        except RedisError as error:
            raise StoreError(
                f"checkpoint of stage {stage} for device {device_id} cannot be removed: {error}"
            ) from error

    @staticmethod
    async def erase(redis: Redis, app_id: str, device_id: str) -> int:
        """Delete the checkpoints of all stages of a device; return how many there were."""
        gone = 0
        try:
            async for key in redis.scan_iter(match=f"{app_id}:checkpoint*", count=1_000):
                # APP:checkpoint[@LIFE]:STAGE:DEVICE, and a device's id may hold colons.
                if key.decode().split(":", 3)[3:] == [device_id]:
                    gone += await redis.unlink(key)
        except RedisError as error:
            raise StoreError(
                f"checkpoints of device {device_id} cannot be removed: {error}"
            ) from error
        return gone

    def _key(self, stage: str, device_id: str) -> str:
        return f"{self._prefix}:{stage}:{device_id}"
