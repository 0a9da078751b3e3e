"""Faust's fetching thread, which reads committed messages only and tracks what a fetch covered.

Transaction markers and aborted messages take up offsets, and compaction leaves holes. None of these
is ever delivered, so offsets alone cannot tell a hole from a message that was fetched and lost.
aiokafka's own position can: it advances past all offsets that a fetch covered.
"""

from __future__ import annotations

import asyncio
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from aiokafka import TopicPartition
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP
from mode.threads import WorkerThread

from infra.local.embedded import broker_life
from streams.engine.kafka.static_member import StaticMember
from streams.engine.kafka.written_here import WrittenHere

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiokafka.structs import OffsetAndMetadata


_LOOK_AT_TOPICS_S = 0.5
_LOOK_AT_THREAD_S = 0.2
# Apache Kafka answers a waiting fetch as soon as data arrives. Tansu polls for it, the less often
# the longer the fetch may wait: after 0.3 s at Faust's 1.5 s, after 13 ms at this value.
_EMBEDDED_WAIT_MS = 100
# A fetch costs the same for one message as for many. After one that followed another within
# `_SOON_S` (without the time that the broker held it back) and returned less than `_LITTLE_BYTES`
# (about a quarter of a second of stereo sound), the broker holds the next back until it has that
# much or `_GATHER_MS` have passed: samples that a device sends one by one arrive a few at a time.
# `_MANY` of so little are a flood, of which longer waits save half the cost; another device's
# second of sound still ends them at once.
_SOON_S = 0.02
_LITTLE_BYTES = 16_384
_GATHER_MS = 10
_MANY = 8
_GATHER_MANY_MS = 25
# The most that a fetch returns, a minute of stereo sound. Each copy of more, up to the client's
# 50 MB, becomes a mapping of its own, whose pages the kernel has to clear.
_FETCH_BYTES = 4 << 20
# The metadata of commits whose offsets the store was told of before.
_STORED = "stored"
# Longer than a reachable broker takes to answer; an unreachable one would never free the thread.
_STOP_MAX_S = 10.0


class OffsetRange(NamedTuple):
    """Offsets from `begin` up to, and without, `end`."""

    begin: int
    end: int


class DaemonThread(WorkerThread):
    """A daemon thread: it may end at any time, because uncommitted messages are read again."""

    def __init__(self, service: Any, **kwargs: Any) -> None:
        super().__init__(service, **kwargs)
        self.daemon = True

    def stop(self) -> None:
        """Wait until the thread has ended, but not for an unreachable broker."""
        if self.is_stopped.wait(_STOP_MAX_S):
            self.join(_STOP_MAX_S)


class FetchingThread(AIOKafkaConsumerThread):
    """Faust's thread around aiokafka's consumer.

    `covered` holds, by partition, the offsets that the latest fetch covered; those it did not
    deliver hold no message. Partitions whose position did not move are absent. `positions` is where
    the next fetch begins, without partitions of `written_here` whose position merely lags behind
    what was delivered in memory.
    """

    Worker = DaemonThread
    covered: Mapping[TP, OffsetRange] = {}
    positions: Mapping[TP, int] = {}
    written_here = WrittenHere((), lambda _: None)
    _fetched_at_s = -inf
    # How long the broker may hold the current fetch back, ms.
    _held_ms = 0
    # The usual wait of a fetch, ms; None for a broker that is never asked to hold messages back.
    _patience_ms: int | None = None

    async def on_start(self) -> None:
        """Connect, prepare to join as a static member, and restrict fetches to what is due."""
        await super().on_start()
        consumer = self._ensure_consumer()
        member_id = None if self.app.client_only else getattr(self.app, "member_id", None)
        if member_id is not None:
            StaticMember(
                consumer._coordinator,
                member_id,
                str(self.app.conf.canonical_url),
                self.app.crash_loop,
            )
        fetcher = consumer._fetcher
        choose = fetcher._get_actions_per_node
        fetcher._get_actions_per_node = lambda assignment: choose(
            self.written_here.due(assignment, fetcher._records)
        )

    def highwater(self, tp: TP) -> int | None:
        """Return the end of what can be read: the last stable offset, if there is one.

        None if nothing was fetched yet or the partition is not assigned: this thread learns of a
        new assignment before the app's event loop, which calls this.
        """
        state = self._state(tp)
        if state is None:
            return None
        stable = cast("int | None", state.lso)
        if stable is not None and stable >= 0:
            return stable
        return cast("int | None", state.highwater)

    def answered_at(self, tp: TP) -> float | None:
        """Return when the broker last answered for a partition, s since the epoch; None: never."""
        state = self._state(tp)
        stamp_ms = None if state is None else cast("int | None", state.timestamp)
        return None if stamp_ms is None else stamp_ms / 1_000

    def _state(self, tp: TP) -> Any:
        subscription = self._ensure_consumer()._subscription.subscription
        assignment = None if subscription is None else subscription.assignment
        return None if assignment is None else assignment.state_value(tp)

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust sets this only for apps that write in transactions. The fetcher is created at start.
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_bytes = _FETCH_BYTES
        if broker_life(self.app.settings) is None:
            self._patience_ms = consumer._fetch_max_wait_ms
        else:
            consumer._fetch_max_wait_ms = _EMBEDDED_WAIT_MS
        commit = consumer.commit

        async def commit_with_mark(offsets: Mapping[Any, OffsetAndMetadata]) -> None:
            mark = _STORED if getattr(self.app, "stored_offsets", None) is not None else ""
            await commit({tp: each._replace(metadata=mark) for tp, each in offsets.items()})

        consumer.commit = commit_with_mark
        return consumer

    async def stored_commits(self, partitions: Sequence[TP]) -> dict[TP, int]:
        """Return the committed offsets of those partitions whose commits were stored first."""
        commits = await self.call_thread(
            self._ensure_consumer()._coordinator.fetch_committed_offsets,
            [TopicPartition(tp.topic, tp.partition) for tp in partitions],
        )
        return {
            TP(tp.topic, tp.partition): commit.offset
            for tp, commit in commits.items()
            if commit.metadata == _STORED
        }

    async def rejoin(self) -> None:
        """Leave the group and join it again: all partitions are revoked and sought anew.

        A member that merely asked to join again could be given its old assignment under the same
        generation.
        """
        coordinator = self._ensure_consumer()._coordinator

        async def leave() -> None:
            await coordinator.maybe_leave_group()

        await self.call_thread(leave)

    def _stopped_set(self) -> None:
        try:
            super()._stopped_set()
        except RuntimeError:
            # After an error that ends the worker, this thread and its loop have ended already.
            if not self.thread_loop.is_closed():
                raise
            self._stopped.set()

    async def commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit, unless this thread has ended, as it may at any moment of a worker that ends.

        What was asked of it then is never answered, and the worker would wait for ever.
        """
        if self.thread_loop.is_closed():
            return False
        committing = asyncio.ensure_future(super().commit(offsets))
        try:
            while not self.thread_loop.is_closed():
                await asyncio.wait([committing], timeout=_LOOK_AT_THREAD_S)
                if committing.done():
                    return bool(await committing)
        except RuntimeError:
            # It ended before it could be asked.
            if not self.thread_loop.is_closed():
                raise
        finally:
            committing.cancel()
        return False

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit, leaving out topics that were deleted.

        aiokafka would retry ten times a second until such a topic is back, and commit nothing else
        meanwhile.
        """
        cluster = self._ensure_consumer()._client.cluster
        while True:
            there = {tp: end for tp, end in offsets.items() if tp.topic in cluster.topics()}
            if not there:
                return True
            committing = asyncio.ensure_future(super()._commit(there))
            while all(tp.topic in cluster.topics() for tp in there):
                await asyncio.wait([committing], timeout=_LOOK_AT_TOPICS_S)
                if committing.done():
                    return bool(committing.result())
            committing.cancel()
            await asyncio.wait([committing])

    async def _fetch_records(self, consumer: Any, *arguments: Any, **options: Any) -> Any:
        assignment, before = _positions(consumer)
        records = await super()._fetch_records(consumer, *arguments, **options)
        # The next request is made once this task pauses.
        self._gather(consumer, records)
        same, after = _positions(consumer)
        self.positions = {
            tp: position
            for tp, position in after.items()
            if tp.topic not in self.written_here.topics or self.written_here.went_back(tp, position)
        }
        self.covered = {
            tp: OffsetRange(before[tp], end)
            for tp, end in after.items()
            if same is assignment and before.get(tp, end) < end
        }
        return records

    def _gather(self, consumer: Any, records: Mapping[Any, Sequence[Any]]) -> None:
        """Have the broker batch messages that arrive singly in quick succession."""
        if self._patience_ms is None:
            return
        fetcher, now_s = consumer._fetcher, monotonic()
        soon = bool(records) and now_s - self._fetched_at_s < _SOON_S + self._held_ms / 1_000
        if records:
            self._fetched_at_s = now_s
        if soon and _bytes_of(records, _LITTLE_BYTES) < _LITTLE_BYTES:
            many = sum(map(len, records.values())) >= _MANY
            self._held_ms = _GATHER_MANY_MS if many else _GATHER_MS
            fetcher._fetch_min_bytes, fetcher._fetch_max_wait_ms = _LITTLE_BYTES, self._held_ms
        else:
            self._held_ms = 0
            fetcher._fetch_min_bytes, fetcher._fetch_max_wait_ms = 1, self._patience_ms


def _bytes_of(records: Mapping[Any, Sequence[Any]], enough: int) -> int:
    """Return the size of the records' values, or `enough` where it is more."""
    size = 0
    for batch in records.values():
        for record in batch:
            size += len(record.value or b"")
            if size >= enough:
                return enough
    return size


def _positions(consumer: Any) -> tuple[Any, dict[TP, int]]:
    """Return the current assignment, and the next offset to read of each of its partitions."""
    subscription = consumer._subscription.subscription
    assignment = None if subscription is None else subscription.assignment
    if assignment is None:
        return None, {}
    states = {tp: assignment.state_value(tp) for tp in assignment.tps}
    return assignment, {
        TP(tp.topic, tp.partition): state.position
        for tp, state in states.items()
        if state.has_valid_position
    }
