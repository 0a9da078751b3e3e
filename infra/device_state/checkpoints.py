"""Checkpoints: a stage's state of a device, kept across rebalances and restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from redis.exceptions import RedisError

from infra.errors import StoreError, TakenOverError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.asyncio import Redis

KEEP_S = 30 * 86_400
_OWNER = "-owner"
# KEYS: a device's value and its owner. ARGV: the new owner, and how long its name is kept, s.
_GET_AS_OWNER = """
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
return redis.call('GET', KEYS[1])
"""
# KEYS: each device's value and its owner. ARGV: the writer, how long both are kept (s), the values.
# Returns which of the devices have another owner.
_PUT_AS_OWNER = """
local refused = {}
for i = 1, #ARGV - 2 do
  local owner = redis.call('GET', KEYS[2 * i])
  if owner and owner ~= ARGV[1] then
    refused[#refused + 1] = i - 1
  else
    redis.call('SET', KEYS[2 * i - 1], ARGV[i + 2], 'EX', ARGV[2])
    redis.call('SET', KEYS[2 * i], ARGV[1], 'EX', ARGV[2])
  end
end
return refused
"""


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
                # APP:checkpoint[@LIFE][-owner]:STAGE:DEVICE, and a device's id may hold colons.
                _, kind, *rest = key.decode().split(":", 3)
                if rest[1:] == [device_id]:
                    removed = await redis.unlink(key)
                    gone += 0 if kind.endswith(_OWNER) else removed
        except RedisError as error:
            raise StoreError(
                f"checkpoints of device {device_id} cannot be removed: {error}"
            ) from error
        return gone

    def _key(self, stage: str, device_id: str) -> str:
        return f"{self._prefix}:{stage}:{device_id}"


class OwnedCheckpoints(Checkpoints):
    """Checkpoints that only the worker writes which read them last.

    A worker that was frozen or cut off beyond its session does not know yet that another one has
    its devices. Were its last checkpoint to replace a newer one, a third worker would restore it
    and go on from offsets that were committed after the newer one: what lies between is lost.
    `owner` differs between workers.
    """

    def __init__(self, redis: Redis, app_id: str, broker_life: str | None, owner: str) -> None:
        super().__init__(redis, app_id, broker_life)
        self._owner = owner

    async def get(self, stage: str, device_id: str) -> bytes | None:
        """Return the value last put, or None; from now on, only this worker may put another."""
        keys = list(self._keys(stage, device_id))
        value: Any = await self._run(
            f"checkpoint of stage {stage} for device {device_id} cannot be read",
            _GET_AS_OWNER,
            keys,
            [self._owner, KEEP_S],
        )
        return cast("bytes | None", value)

    async def put(self, stage: str, items: Mapping[str, bytes]) -> None:
        """Write `items`, keyed by device id.

        Raises `TakenOverError` if another worker owns some of the devices; the others are written.
        """
        if not items:
            return
        devices = list(items)
        refused: Any = await self._run(
            f"checkpoints of stage {stage} for {len(items)} devices cannot be written",
            _PUT_AS_OWNER,
            [key for device_id in devices for key in self._keys(stage, device_id)],
            [self._owner, KEEP_S, *items.values()],
        )
        if refused:
            raise TakenOverError(
                f"checkpoints of stage {stage} are not written for {len(refused)} devices, such as "
                f"{devices[refused[0]]!r}: another worker has taken them over"
            )

    async def _run(self, failure: str, script: str, keys: list[str], arguments: list[Any]) -> Any:
        try:
            return await self._redis.eval(script, len(keys), *keys, *arguments)
        except RedisError as error:
            raise StoreError(f"{failure}: {error}") from error

    def _keys(self, stage: str, device_id: str) -> tuple[str, str]:
        return self._key(stage, device_id), f"{self._prefix}{_OWNER}:{stage}:{device_id}"
