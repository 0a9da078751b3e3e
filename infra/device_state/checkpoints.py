"""Checkpoints: a stage's state of a device, kept across rebalances and restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from redis.exceptions import RedisError

from infra.errors import StoreChangedError, StoreError, TakenOverError
from infra.redis.erasure_marks import NO_ERASURES, log_prefix, marks_key
from infra.redis.stored_offsets import HISTORY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from redis.asyncio import Redis

KEEP_S = 30 * 86_400
_OWNER = "-owner"
# KEYS: a device's value and its owner, the marks of erased devices. ARGV: the new owner, how long
# its name is kept (s), the device, the store's history that the reader knows, '' for none. An
# erased device gets no owner. Returns whether the history is that one, and the value.
_GET_AS_OWNER = (
    HISTORY
    + """
if ARGV[4] ~= '' and history() ~= ARGV[4] then return {0} end
if tonumber(redis.call('HGET', KEYS[3], ARGV[3]) or 0) >= 0 then
  redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
end
return {1, redis.call('GET', KEYS[1])}
"""
)
# KEYS: each device's value and its owner, then the marks of erased devices. ARGV: the writer, how
# long both are kept (s), of each device its id, the erasure that its value comes after (ms) and the
# value. Without a writer no owner is asked for or noted. Returns of each device whether it is
# written (0), erased (1), has another owner (2), or was erased and resumed since (3).
_PUT = """
local answers, marks = {}, KEYS[#KEYS]
for i = 1, (#KEYS - 1) / 2 do
  local device, after, value = ARGV[3 * i], tonumber(ARGV[3 * i + 1]), ARGV[3 * i + 2]
  local mark = tonumber(redis.call('HGET', marks, device) or 0)
  local owner = ARGV[1] ~= '' and redis.call('GET', KEYS[2 * i])
  if mark < 0 then
    answers[i] = 1
  elseif mark > after then
    answers[i] = 3
  elseif owner and owner ~= ARGV[1] then
    answers[i] = 2
  else
    answers[i] = 0
    redis.call('SET', KEYS[2 * i - 1], value, 'EX', ARGV[2])
    if ARGV[1] ~= '' then redis.call('SET', KEYS[2 * i], ARGV[1], 'EX', ARGV[2]) end
  end
end
return answers
"""
_ERASED, _OTHER_OWNER, _RESUMED = 1, 2, 3


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
        self._marks = marks_key(log_prefix(app_id))

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

    async def put(
        self, stage: str, items: Mapping[str, bytes], after_ms: Mapping[str, int] = NO_ERASURES
    ) -> set[str]:
        """Write `items`, keyed by device id, in one step.

        `after_ms` is the erasure that a device's value comes after, 0 if it is left out. Returns
        the devices that were erased since and are not written.
        """
        answers = await self._put(stage, items, after_ms, "")
        return {device_id for device_id, answer in answers.items() if answer}

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

    async def _put(
        self, stage: str, items: Mapping[str, bytes], after_ms: Mapping[str, int], owner: str
    ) -> dict[str, int]:
        """Return what `_PUT` answers for each device."""
        if not items:
            return {}
        keys = [key for device_id in items for key in self._keys(stage, device_id)]
        fields = [
            field
            for device_id, value in items.items()
            for field in (device_id, after_ms.get(device_id, 0), value)
        ]
        answers: Any = await self._run(
            f"checkpoints of stage {stage} for {len(items)} devices cannot be written",
            _PUT,
            [*keys, self._marks],
            [owner, KEEP_S, *fields],
        )
        return dict(zip(items, answers, strict=True))

    async def _run(self, failure: str, script: str, keys: list[str], arguments: list[Any]) -> Any:
        try:
            return await self._redis.eval(script, len(keys), *keys, *arguments)
        except RedisError as error:
            raise StoreError(f"{failure}: {error}") from error

    def _key(self, stage: str, device_id: str) -> str:
        return f"{self._prefix}:{stage}:{device_id}"

    def _keys(self, stage: str, device_id: str) -> tuple[str, str]:
        return self._key(stage, device_id), f"{self._prefix}{_OWNER}:{stage}:{device_id}"


class OwnedCheckpoints(Checkpoints):
    """Checkpoints that only the worker writes which read them last.

    A worker that was frozen or cut off beyond its session does not know yet that another one has
    its devices. Were its last checkpoint to replace a newer one, a third worker would restore it
    and go on from offsets that were committed after the newer one: what lies between is lost.
    `owner` differs between workers. `history` returns the id of the store's history at the time
    when the partitions were sought, '' if it is not known.
    """

    def __init__(
        self,
        redis: Redis,
        app_id: str,
        broker_life: str | None,
        owner: str,
        history: Callable[[], str] = lambda: "",
    ) -> None:
        super().__init__(redis, app_id, broker_life)
        self._owner = owner
        self._history = history

    async def get(self, stage: str, device_id: str) -> bytes | None:
        """Return the value last put, or None; from now on, only this worker may put another.

        Raises `StoreChangedError` if another copy of the store answers by now, whose value may be
        older than the messages that are being read.
        """
        failure = f"checkpoint of stage {stage} for device {device_id} cannot be read"
        known, *value = await self._run(
            failure,
            _GET_AS_OWNER,
            [*self._keys(stage, device_id), self._marks],
            [self._owner, KEEP_S, device_id, self._history()],
        )
        if not known:
            raise StoreChangedError(f"{failure}: another copy of the store answers than before")
        return cast("bytes | None", next(iter(value), None))

    async def put(
        self, stage: str, items: Mapping[str, bytes], after_ms: Mapping[str, int] = NO_ERASURES
    ) -> set[str]:
        """Write `items`, keyed by device id; return the erased devices, which are not written.

        Raises `TakenOverError` if another worker owns some of the devices, or if some were erased
        and resumed since, so that what they send now may be among what the worker holds; the others
        are written.
        """
        answers = await self._put(stage, items, after_ms, self._owner)
        reasons = {
            _OTHER_OWNER: "another worker has taken them over",
            _RESUMED: "they were erased and resumed since this worker read them",
        }
        for code, reason in reasons.items():
            refused = [device_id for device_id, answer in answers.items() if answer == code]
            if refused:
                raise TakenOverError(
                    f"checkpoints of stage {stage} are not written for {len(refused)} devices, "
                    f"such as {refused[0]!r}: {reason}"
                )
        return {device_id for device_id, answer in answers.items() if answer == _ERASED}
