"""The notification journal in Redis: rule state per device, notifications and deliveries.

New state and its notifications are committed in one transaction, and only over the state that was
read. So after a crash in between the work is repeated, and nothing is notified twice. A delivery is
taken off the queue before it is sent: if the worker dies while sending, it is not known whether it
arrived, and it is not repeated.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from infra.errors import ErasedError
from infra.redis.erasure_marks import IS_ERASED, log_prefix, marks_key
from infra.redis.store_clock import store_now_ns
from schemas.event_time import NS_PER_MS
from schemas.notification import Notification

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from redis.asyncio import Redis

    from infra.daily_log.store import LogStore

MAX_KEPT = 1_000
KEEP_S = 30 * 86_400
State = Literal["waiting", "sending", "sent", "failed", "old"]

# KEYS: the device's state, history, notifications, deliveries, due, devices by their newest record,
# the marks of erased devices. ARGV: the state that was read ('' for none), the new state, its
# lifetime (s), the wall time (ms), the device, when its newest record arrived (ms; '' if its
# silence was notified), the size of the history, the erasure that the record comes after (ms), then
# for each notification its id, its JSON, the number of deliveries, and their (target, JSON, due).
# Returns whether it is committed, -1 if the device was erased since.
_COMMIT = (
    IS_ERASED
    + """
if is_erased(KEYS[7], ARGV[5], ARGV[8]) then return -1 end
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
if ARGV[6] == '' then redis.call('ZREM', KEYS[6], ARGV[5])
else redis.call('ZADD', KEYS[6], ARGV[6], ARGV[5]) end
local at = 9
while at <= #ARGV do
  local id, count = ARGV[at], tonumber(ARGV[at + 2])
  local new = redis.call('HSETNX', KEYS[3], id, ARGV[at + 1])
  if new == 1 then redis.call('ZADD', KEYS[2], ARGV[4], id) end
  for i = 0, count - 1 do
    local target = at + 3 + 3 * i
    if new == 1 then
      local field = id .. ' ' .. ARGV[target]
      redis.call('HSET', KEYS[4], field, ARGV[target + 1])
      if ARGV[target + 2] ~= '' then redis.call('ZADD', KEYS[5], ARGV[target + 2], field) end
    end
  end
  at = at + 3 + 3 * count
end
local old = redis.call('ZRANGE', KEYS[2], 0, -(tonumber(ARGV[7]) + 1))
for _, id in ipairs(old) do
  redis.call('ZREM', KEYS[2], id)
  redis.call('HDEL', KEYS[3], id)
end
return 1
"""
)
# KEYS: notifications, deliveries, due. ARGV: the notification, the delivery's field and JSON, when
# it is due again (ms; '' for never). A notification that was erased meanwhile gets no delivery.
_NOTE = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
if ARGV[4] ~= '' then redis.call('ZADD', KEYS[3], ARGV[4], ARGV[2]) end
return 1
"""
# KEYS: due, deliveries. ARGV: the wall time (ms), the delivery's new JSON.
_TAKE = """
local field = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 1)[1]
if not field then return false end
redis.call('ZREM', KEYS[1], field)
local before = redis.call('HGET', KEYS[2], field)
if not before then return {field, ''} end
redis.call('HSET', KEYS[2], field, ARGV[2])
return {field, before}
"""


class Delivery(NamedTuple):
    """A delivery's status: since when (wall time, ms), the number of tries, and the error."""

    state: State
    since_ms: int
    tries: int = 0
    error: str = ""


class Due(NamedTuple):
    """A delivery that is due; `tries` were made before."""

    notification: Notification
    target: str
    tries: int


class Entry(NamedTuple):
    """A notification in the history, its time (wall time, ms), and its deliveries."""

    made_ms: int
    notification: Notification
    deliveries: Mapping[str, Delivery]


class Journal:
    """The notifications of one app, dated by the store's clock, or by `clock_ns` in its place."""

    def __init__(
        self, redis: Redis, app_id: str, clock_ns: Callable[[], int] | None = None
    ) -> None:
        self._redis = redis
        self._app_id = app_id
        self._prefix = f"{app_id}:notify"
        self._clock_ns = clock_ns

    @classmethod
    def of(cls, store: LogStore) -> Journal:
        """Return the journal stored beside a daily log."""
        return cls(store.redis, store.app_id)

    async def state(self, device: str) -> bytes | None:
        """Return a device's rule state, or None."""
        value: Any = await self._redis.get(self._state(device))
        return None if value is None else bytes(value)

    async def commit(
        self,
        device: str,
        before: bytes | None,
        after: bytes,
        came_ns: int | None,
        due: Sequence[tuple[Notification, Sequence[str]]],
        after_ms: int = 0,
    ) -> bool:
        """Replace the state `before` by `after` and queue notifications; False if it had changed.

        came_ns: arrival of the newest record, None if no rule waits for silence. Notifications that
        are too old are recorded in the history, but not sent. Raises `ErasedError` if the device
        was erased after the erasure `after_ms`, which the record comes after.
        """
        now_ms = await self._now_ms()
        arguments: list[Any] = []
        for each, targets in due:
            first = Delivery("old" if each.old else "waiting", now_ms)
            arguments += [each.notification_id, each.model_dump_json(), len(targets)]
            for target in targets:
                arguments += [target, _text_of(first), "" if each.old else now_ms]
        keys = [
            self._state(device),
            *map(self._key, ("history", "entries", *_DELIVERING, "came")),
            marks_key(log_prefix(self._app_id)),
        ]
        committed: Any = await self._redis.eval(
            _COMMIT,
            len(keys),
            *keys,
            before or b"",
            after,
            KEEP_S,
            now_ms,
            device,
            "" if came_ns is None else came_ns // 1_000_000,
            MAX_KEPT,
            after_ms,
            *arguments,
        )
        if committed < 0:
            raise ErasedError(f"device {device!r} was erased: nothing of before is notified")
        return bool(committed)

    async def silent_since(self, came_before_ns: int) -> list[str]:
        """Return the devices silent since then whose silence was not notified yet."""
        names: Any = await self._redis.zrangebyscore(
            self._key("came"), "-inf", came_before_ns // 1_000_000
        )
        return [name.decode() for name in names]

    async def take(self) -> Due | None:
        """Take one due delivery off the queue, or return None."""
        now_ms = await self._now_ms()
        keys = [self._key("due"), self._key("deliveries")]
        while True:
            taken: Any = await self._redis.eval(
                _TAKE, 2, *keys, now_ms, _text_of(Delivery("sending", now_ms))
            )
            if not taken:
                return None
            field, before = taken[0].decode(), taken[1]
            identity, _, target = field.partition(" ")
            stored: Any = await self._redis.hget(self._key("entries"), identity)
            if before and stored is not None:
                tries = _delivery(before).tries
                return Due(Notification.model_validate_json(stored), target, tries)

    async def note(self, due: Due, state: State, error: str = "", again_s: float = 0.0) -> None:
        """Record a delivery's outcome; a waiting one is due again in `again_s`."""
        field = f"{due.notification.notification_id} {due.target}"
        now_ms = await self._now_ms()
        delivery = Delivery(state, now_ms, due.tries + 1, error)
        keys = [self._key(name) for name in ("entries", *_DELIVERING)]
        again_ms = now_ms + round(again_s * 1_000) if state == "waiting" else ""
        identity = due.notification.notification_id
        await self._redis.eval(
            _NOTE, len(keys), *keys, identity, field, _text_of(delivery), again_ms
        )

    async def history(self, limit: int = 50) -> list[Entry]:
        """Return the latest notifications, the newest first."""
        made: Any = await self._redis.zrange(
            self._key("history"), 0, limit - 1, desc=True, withscores=True
        )
        ids = [identity.decode() for identity, _ in made]
        if not ids:
            return []
        stored: Any = await self._redis.hmget(self._key("entries"), ids)
        deliveries: dict[str, dict[str, Delivery]] = {}
        wanted = set(ids)
        async for field, value in self._redis.hscan_iter(self._key("deliveries"), count=1_000):
            identity, _, target = field.decode().partition(" ")
            if identity in wanted:
                deliveries.setdefault(identity, {})[target] = _delivery(value)
        return [
            Entry(int(score), Notification.model_validate_json(value), deliveries.get(identity, {}))
            for (identity, (_, score), value) in zip(ids, made, stored, strict=True)
            if value is not None
        ]

    async def forget_old(self) -> None:
        """Delete expired history, and the deliveries of deleted notifications."""
        before = await self._now_ms() - KEEP_S * 1_000
        ids: Any = await self._redis.zrangebyscore(self._key("history"), "-inf", before)
        await self._drop([identity.decode() for identity in ids])
        kept: Any = await self._redis.hkeys(self._key("entries"))
        known = {identity.decode() for identity in kept}
        fields = [
            field
            async for field, _ in self._redis.hscan_iter(self._key("deliveries"), count=1_000)
            if field.decode().partition(" ")[0] not in known
        ]
        if fields:
            await self._redis.hdel(self._key("deliveries"), *fields)

    async def erase(self, device: str) -> int:
        """Delete a device's state and notifications; return how many notifications there were."""
        ids = []
        async for identity, value in self._redis.hscan_iter(self._key("entries"), count=1_000):
            if json.loads(value)["device_id"] == device:
                ids.append(identity.decode())
        await self._drop(ids)
        await self._redis.delete(self._state(device))
        await self._redis.zrem(self._key("came"), device)
        return len(ids)

    async def _drop(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        doomed = set(ids)
        fields = [
            field
            async for field, _ in self._redis.hscan_iter(self._key("deliveries"), count=1_000)
            if field.decode().partition(" ")[0] in doomed
        ]
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.zrem(self._key("history"), *ids)
            pipe.hdel(self._key("entries"), *ids)
            if fields:
                pipe.hdel(self._key("deliveries"), *fields)
                pipe.zrem(self._key("due"), *fields)
            await pipe.execute()

    async def now_ns(self) -> int:
        """Return the time that notifications are dated by, ns since the epoch."""
        return await store_now_ns(self._redis) if self._clock_ns is None else self._clock_ns()

    async def _now_ms(self) -> int:
        return await self.now_ns() // NS_PER_MS

    def _state(self, device: str) -> str:
        return self._key(f"state:{device}")

    def _key(self, name: str) -> str:
        return f"{self._prefix}:{name}"


_DELIVERING = ("deliveries", "due")


def _text_of(delivery: Delivery) -> str:
    return json.dumps(delivery._asdict())


def _delivery(value: bytes | str) -> Delivery:
    return Delivery(**json.loads(value))
