"""Up to which offsets the store has everything that follows from the messages.

Redis confirms a write before its replicas have it. A replica that is promoted may lack the last
seconds, a restored backup the last day, and a server without a disk everything, while Kafka already
has the offsets of those seconds as committed. So before workers commit offsets they write them here
as well, after all that follows from their messages: whatever copy of the store comes back says
itself from where messages have to be read again.

The hash `APP:stored-offsets` has a field `TOPIC:PARTITION` each. Replication keeps the order of
writes, so a copy that has an offset has what was written before it. A worker that runs while
another copy takes over would write its offsets to a store without what it wrote before; it is told
by the id that Redis gives to each history of writes, anew at each promotion and each start
(`master_replid`), and by offsets that went back. Where INFO is not permitted, offsets alone tell.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from infra.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from redis.asyncio import Redis

log = logging.getLogger(__name__)

Partition = tuple[str, int]

HISTORY = """
local function history()
  local info = redis.pcall('INFO', 'replication')
  return type(info) == 'string' and string.match(info, 'master_replid:(%w+)') or ''
end
"""
"""Begins a script: the id of the store's history of writes, '' where it is not told."""
# KEYS: the offsets. ARGV: the fields to read. Returns the history and the offsets.
_READ = (
    HISTORY
    + """
local offsets = {}
for i, field in ipairs(ARGV) do offsets[i] = redis.call('HGET', KEYS[1], field) end
return {history(), offsets}
"""
)
# KEYS: the offsets. ARGV: the history that the writer knows; then of each partition its field, the
# offset that the writer found or wrote last (-1 for none) and the new one. Writes all or nothing,
# and returns whether it has. An offset before the known one is that of a topic created anew;
# one beyond the new offset was written by a worker that had the partition before.
_ADVANCE = (
    HISTORY
    + """
if history() ~= ARGV[1] then return 0 end
for i = 2, #ARGV, 3 do
  if tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or -1) < tonumber(ARGV[i + 1]) then return 0 end
end
for i = 2, #ARGV, 3 do
  local stored = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or -1)
  local known, new = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  if new < known or new > stored then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2]) end
end
return 1
"""
)


class StoredOffsets:
    """The stored offsets of the partitions that this worker has; failures raise `StoreError`."""

    def __init__(self, redis: Redis, app_id: str) -> None:
        self._redis = redis
        self._key = f"{app_id}:stored-offsets"
        self._history = ""
        self._known: dict[Partition, int] = {}
        self._said = False

    @property
    def history(self) -> str:
        """The id of the store's history at the last `read`; '' if it is not told."""
        return self._history

    async def read(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """Return the offsets of those `partitions` that have one; `advance` counts from them."""
        fields = [_field(each) for each in partitions]
        history, offsets = await self._run("read", _READ, fields)
        self._history = history.decode()
        if not self._history and not self._said:
            self._said = True
            log.info(
                "redis does not permit INFO: a failover beside running workers is told by offsets "
                "alone"
            )
        self._known = {
            partition: int(offset)
            for partition, offset in zip(partitions, offsets, strict=True)
            if offset is not None
        }
        return dict(self._known)

    async def begin(self, offsets: Mapping[Partition, int]) -> bool:
        """Write the offsets of those partitions that the last `read` found none of."""
        new = {at: offset for at, offset in offsets.items() if at not in self._known}
        return await self.advance(new) if new else True

    async def advance(self, offsets: Mapping[Partition, int]) -> bool:
        """Write offsets, all that follows from the messages before them being stored.

        Returns False, and writes nothing, if the store is another copy than at the last `read`.
        """
        rows = [(_field(at), self._known.get(at, -1), end) for at, end in offsets.items()]
        arguments = [value for row in rows for value in row]
        kept = bool(await self._run("written", _ADVANCE, [self._history, *arguments]))
        if kept:
            self._known.update(offsets)
        return kept

    async def _run(self, verb: str, script: str, arguments: list[Any]) -> Any:
        try:
            return await self._redis.eval(script, 1, self._key, *arguments)
        except RedisError as error:
            raise StoreError(f"stored offsets cannot be {verb}: {error}") from error


def _field(partition: Partition) -> str:
    topic, number = partition
    return f"{topic}:{number}"
