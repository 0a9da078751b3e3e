"""A consumer that never passes over an offset.

Three things in Faust 0.15.3 lose messages of agents that acknowledge late or out of order:

- It resumes its partitions before it seeks them to the committed offset
  (`faust.tables.recovery.Recovery.on_recovery_completed`), and a fetch that lands in between is
  dropped; then it takes the missing offsets for a compaction gap and commits across them.
- A partition without a commit is not sought at all, so what was fetched and dropped stays lost.
- `Consumer._new_offset` commits past a message that is not acknowledged when it is the first one
  after the commit, or when nothing was committed yet.

Here a partition delivers nothing until it was sought. A jump over offsets that the fetch looked at
is a hole: a transaction's markers, what it aborted, what was compacted or expired. A jump over any
other is an alarm and a re-seek. A commit is the end of the unbroken run of acknowledged offsets and
holes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError
from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.transport.drivers.aiokafka import Transport as FaustTransport
from faust.types import TP, Message
from mode.services import WaitResults

from infra import metrics
from streams.engine.kafka.conductor import DirectConductor
from streams.engine.kafka.fetching import FetchingThread
from streams.engine.kafka.producer import Producer
from streams.engine.kafka.written_here import WrittenHere
from streams.engine.progress import Reading

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Collection,
        Coroutine,
        Generator,
        Iterator,
        Mapping,
    )

    from streams.engine.kafka.fetching import OffsetRange
    from streams.engine.kafka.share_gate import ShareGate

log = logging.getLogger(__name__)


# A partition whose agent's buffer was full is fetched again only at the next fetch; with Faust's
# one second the agents would stand idle for most of it.
_FETCH_WAIT_S = 0.05
# Where no buffer is full, what comes ends the wait, and asking more often costs a hundredth of a
# core.
_IDLE_WAIT_S = 0.5
# Handed over without a pause, as many as Faust does.
_HANDED_OVER_AT_ONCE = 100
# After delivering records in memory, how long the next delivery waits: per record, and at most, s.
# In a backlog larger batches cost the log and the store less per record.
_APART_S, _APART_AT_MOST_S = 0.02, 0.1
# Refused without a pause: a fetch may bring thousands of single samples.
_LEFT_OUT_AT_ONCE = 32


class Consumer(FaustConsumer):
    """Faust's consumer with contiguous offsets."""

    _thread: FetchingThread
    # Refuses messages before anybody gets them.
    _gate: ShareGate | None = None
    _conductor: DirectConductor | None = None
    _left_out = 0
    # Earliest time of the next delivery in memory, by the loop's clock.
    _hand_back_s = 0.0
    # The partition of the message that is being delivered the usual way.
    _waits: TP | None = None

    def on_init(self) -> None:
        """Start with no partition sought."""
        super().on_init()
        self._gate = getattr(self.app, "gate", None)
        self._conductor = getattr(self.app, "topics", None)
        self._sought = False
        # Of each partition: the next offset to deliver, the next to commit, and the ends of the
        # ranges that the broker does not have, by their beginning.
        self._next: dict[TP, int] = {}
        self._uncommitted: dict[TP, int] = {}
        self._absent: dict[TP, dict[int, int]] = {}
        self._acknowledged: Counter[TP] = Counter()
        # What the latest fetch looked at, and the last offset that it brought, by partition.
        self._looked_at: Mapping[TP, OffsetRange] = {}
        self._fetched_last: dict[TP, int] = {}
        # Counts the seeks of all partitions: a fetch that one came between looked at nothing.
        self._era = 0
        self._written: list[Message] = []
        self._written_here = WrittenHere(
            getattr(self.app, "read_back", frozenset()), self._next.get
        )

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Hold every partition back until it was sought."""
        self._sought = False
        self._next.clear()
        self._written_here.clear()
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Know of no partition's end while the group is shared out anew: nothing is fetched."""
        self._sought = False
        for tp in revoked:
            self._absent.pop(tp, None)
        await super().on_partitions_revoked(revoked)

    async def perform_seek(self) -> None:
        """Seek every partition to its commit, or to its beginning when it has none."""
        self._era += 1
        self._looked_at = {}
        self._next.clear()
        committed = {
            TP(tp.topic, tp.partition): offset
            for tp, offset in (await self.seek_to_committed()).items()
        }
        fresh = [tp for tp, offset in committed.items() if not offset or offset < 0]
        beginnings = await self._beginnings(fresh)
        for tp, offset in beginnings.items():
            await super().seek(tp, offset)
        for tp, offset in committed.items():
            first = beginnings.get(tp, offset)
            assert first is not None  # noqa: S101 - narrows a type, checks nothing
            self._read_offset[tp] = first or None
            self._committed_offset[tp] = None if tp in beginnings else first
            self._absent[tp] = {}
            self._uncommitted[tp] = self._next[tp] = first
        self._written_here.clear()
        self._era += 1
        self._looked_at = {}
        if self._gate is not None:
            self._gate.forget()
        self._sought = True

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        """Hand fetched messages over, each partition's offsets without a jump over another.

        Yielded is what has to wait for room.
        """
        held_back: set[TP] = set()
        begun: set[TP] = set()
        handed_over = 0
        async for tp, message in super().getmany(timeout):
            expected = self._next.get(tp)
            if expected is None or tp in held_back or message.offset < expected:
                continue
            if message.offset > expected and not self._has_looked_at(tp, expected):
                where = f'topic="{tp.topic}" partition="{tp.partition}" offset="{message.offset}"'
                log.error("%s: expected offset %d; seeking back", where, expected)
                metrics.offset_gaps.labels(topic=tp.topic).inc()
                held_back.add(tp)
                await self._seek_back(tp, expected)
                continue
            if message.offset > expected:
                await self._pass_over(tp, message.offset, may_be_lost=tp not in begun)
                if self._next.get(tp) != message.offset:
                    # Delivered in memory meanwhile, or the position changed.
                    continue
            begun.add(tp)
            self._next[tp] = message.offset + 1
            if self._gate is not None and self._gate.refuses(message):
                self._leave_out(tp, message.offset)
                if self._left_out % _LEFT_OUT_AT_ONCE == 0:
                    await asyncio.sleep(0)
                continue
            if not self._hand_over(message):
                self._waits = tp
                try:
                    yield tp, message
                finally:
                    self._waits = None
                continue
            handed_over += 1
            if handed_over % _HANDED_OVER_AT_ONCE == 0:
                await asyncio.sleep(0)
        for tp, span in self._looked_at.items():
            expected = self._next.get(tp)
            if expected is None or tp in held_back or expected >= span.end:
                continue
            if self._has_looked_at(tp, expected) and expected > self._fetched_last.get(tp, -1):
                await self._pass_over(tp, span.end, may_be_lost=tp not in begun)

    def _hand_over(self, message: Message) -> bool:
        if self._conductor is None or not self._conductor.hand_over(message):
            return False
        self._read_offset[message.tp] = message.offset
        return True

    def take_written(self, message: Message) -> None:
        """Deliver, without a fetch, a message of this worker that the broker acknowledged."""
        self._written.append(message)
        if len(self._written) == 1:
            self.loop.call_at(max(self.loop.time(), self._hand_back_s), self._hand_back)

    def _hand_back(self) -> None:
        """Deliver each message that is the next of its partition; request a fetch of the others.

        Messages that a fetch has already delivered are skipped.
        """
        written, self._written = self._written, []
        apart_s = min(_APART_S * len(written), _APART_AT_MOST_S)
        self._hand_back_s = self.loop.time() + apart_s
        for message in written:
            tp = message.tp
            expected = self._next.get(tp) if self._sought else None
            if expected is None or not self._written_here.continues(tp, message.offset):
                continue
            if message.offset < expected:
                continue
            message.generation_id = self.app.consumer_generation_id
            if message.offset == expected and tp != self._waits and self._hand_over(message):
                self._next[tp] = expected + 1
            else:
                self._written_here.ask(tp, message.offset + 1)

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:
        era = self._era
        self._looked_at = {}
        all_have_room = active_partitions is None or active_partitions >= self._next.keys()
        wait_s = min(timeout, _IDLE_WAIT_S if all_have_room else _FETCH_WAIT_S)
        records = await super()._getmany(active_partitions, wait_s)
        if era == self._era:
            self._looked_at = self._thread.looked_at
            for tp, position in self._thread.positions.items():
                if position < self._next.get(tp, 0):
                    await self._start_over(tp)
            for tp in self._written_here.recreated & self._next.keys():
                records.pop(tp, None)
                await self._start_over(tp)
                await self._seek_back(tp, self._next[tp])
        self._fetched_last = {tp: batch[-1].offset for tp, batch in records.items() if batch}
        return records

    async def wait_first(self, *waits: Any, timeout: Any = None) -> Any:
        """Wait as Faust does, but hand a message over at once where there is room for it.

        Faust makes four tasks for each message that it hands over, and none of them has to wait.
        """
        handing_over, *others = waits
        if timeout is not None or not asyncio.iscoroutine(handing_over):
            return await super().wait_first(*waits, timeout=timeout)
        try:
            waits_for = handing_over.send(None)
        except StopIteration as end:
            for other in others:
                other.close()
            if self._stopped.is_set() or self._crashed.is_set():
                return WaitResults([], [], stopped=True)
            return WaitResults([handing_over], [end.value], stopped=False)
        return await super().wait_first(_rest_of(handing_over, waits_for), *others)

    async def verify_all_partitions_active(self) -> None:
        """Look at all partitions at once: Faust sleeps between any two, which costs more."""
        now = time.monotonic()
        for tp in self.assignment():
            self.verify_event_path(now, tp)

    async def _seek_back(self, tp: TP, offset: int) -> None:
        # One that was assigned to another worker meanwhile is sought when it comes back.
        with suppress(IllegalStateError):
            await self.seek(tp, offset)
        self._written_here.on_seek(tp)

    async def _start_over(self, tp: TP) -> None:
        """Read a partition from its beginning: the offset that was to be read is not there.

        Its topic was deleted and created again, or an unclean election cut it short. The offsets of
        what was read before mean other messages now, so nothing of it is acknowledged any more.
        """
        expected, first = self._next[tp], (await self._beginnings([tp]))[tp]
        log.warning(
            'topic="%s" partition="%s" was created anew or cut short: offset %d is gone, reading '
            "on from %d",
            *(tp.topic, tp.partition, expected, first),
        )
        for message in list(self._unacked_messages):
            if message.tp == tp:
                message.acked = True
                self._unacked_messages.discard(message)
        self._acked.pop(tp, None)
        self._acked_index.pop(tp, None)
        self._absent[tp] = {}
        self._committed_offset[tp] = self._read_offset[tp] = None
        self._uncommitted[tp] = self._next[tp] = first
        self._written_here.on_seek(tp)

    def _has_looked_at(self, tp: TP, offset: int) -> bool:
        """Return whether the latest fetch would have brought a message at this offset."""
        span = self._looked_at.get(tp)
        return span is not None and span.begin <= offset

    async def _pass_over(self, tp: TP, end: int, *, may_be_lost: bool) -> None:
        """Go on at `end`: the offsets before it are no messages, or the broker lost them.

        Messages expire at a partition's beginning, so only what a fetch begins with can be lost.
        """
        begin = self._next[tp]
        self._absent.setdefault(tp, {})[begin] = end
        self._next[tp] = end
        if may_be_lost and (await self._beginnings([tp]))[tp] > begin:
            where = f'topic="{tp.topic}" partition="{tp.partition}" offset="{end}"'
            log.error("%s: offsets from %d on are not in the broker", where, begin)

    def _leave_out(self, tp: TP, offset: int) -> None:
        """Commit across a message that nobody gets, as across a hole."""
        self._left_out += 1
        absent = self._absent.setdefault(tp, {})
        # One range for a run of them: a device may have thousands.
        newest = next(reversed(absent), None)
        absent[offset if newest is None or absent[newest] != offset else newest] = offset + 1

    async def _beginnings(self, partitions: list[TP]) -> dict[TP, int]:
        if not partitions:
            return {}
        offsets = await self.earliest_offsets(
            *(TopicPartition(tp.topic, tp.partition) for tp in partitions)
        )
        return {TP(tp.topic, tp.partition): offset for tp, offset in offsets.items()}

    def _new_offset(self, tp: TP) -> int | None:
        """Return the end of the unbroken run of acknowledged offsets, None when it is empty."""
        begin = self._uncommitted.get(tp)
        if begin is None:
            return None
        acked, absent = self._acked_index[tp], self._absent.get(tp, {})
        end = begin
        while end in acked or end in absent:
            end = absent[end] if end in absent else end + 1
        if end == begin:
            return None
        self._uncommitted[tp] = end
        acked.difference_update(range(begin, end))
        for passed in [first for first in absent if first < end]:
            del absent[passed]
        self._acked[tp] = [offset for offset in self._acked[tp] if offset >= end]
        return end

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        """Yield the partitions whose commit may move: a hole needs no acknowledgement."""
        pending = {*self._acked, *(tp for tp, absent in self._absent.items() if absent)}
        return (tp for tp in pending if topics is None or tp in topics or tp.topic in topics)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Leave Faust's own account of gaps empty: it would only grow."""

    def _new_consumer_thread(self) -> FetchingThread:
        thread = FetchingThread(self, loop=self.loop, beacon=self.beacon)
        thread.written_here = self._written_here
        return thread

    def lag(self) -> dict[TP, int]:
        """Return how many messages each assigned partition still has to read."""
        lags: dict[TP, int] = {}
        for tp, position in self._next.items():
            highwater: Any = self.highwater(tp)
            lags[tp] = max(0, (highwater or 0) - position)
        return lags

    def ack(self, message: Message) -> bool:
        """Count an acknowledgement beside what Faust makes of it."""
        acknowledged: bool = super().ack(message)
        self._acknowledged[message.tp] += acknowledged
        return acknowledged

    def progress(self) -> dict[TP, Reading]:
        """Return how far each assigned partition has come."""
        return {
            tp: Reading(
                self._acknowledged[tp],
                cast("int | None", self._committed_offset.get(tp)),
                cast("int | None", self.highwater(tp)),
            )
            for tp in self._next
        }

    def has_read(self, topics: Collection[str] | None = None) -> bool:
        """Return whether the assigned partitions, of `topics` if given, are read to their ends.

        A partition that was not yet fetched after its assignment may hold anything.
        """
        return self._sought and all(
            self._is_read(tp) for tp in self._next if topics is None or tp.topic in topics
        )

    def _is_read(self, tp: TP) -> bool:
        end = cast("int | None", self.highwater(tp))
        return end is not None and end <= self._next[tp]

    def is_answered(self, topics: Collection[str], within_s: float) -> bool:
        """Return whether the broker has told lately of all that is read to its end.

        While it is away, or this process was stopped, nobody knows what was sent since.
        """
        # The clock by which the client notes when it was told, and not the product's.
        now_s = time.time()
        return all(
            now_s - answered_s <= within_s
            for tp in self._next
            if tp.topic in topics and self._is_read(tp)
            if (answered_s := self._thread.answered_at(tp)) is not None
        )


async def _rest_of(begun: Coroutine[Any, Any, Any], waits_for: Any) -> Any:
    """Go on with a coroutine that was begun by hand and waits for something."""
    return await _Begun(begun, waits_for)


class _Begun:
    def __init__(self, begun: Coroutine[Any, Any, Any], waits_for: Any) -> None:
        self._begun = begun
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, Any]:
        waits_for = self._waits_for
        try:
            while True:
                try:
                    answer = yield waits_for
                except BaseException as error:  # noqa: BLE001 - what goes on is who handles it
                    waits_for = self._begun.throw(error)
                else:
                    waits_for = self._begun.send(answer)
        except StopIteration as end:
            return end.value


class Transport(FaustTransport):
    """Faust's Kafka transport with the guarded consumer, its conductor and the bounded producer."""

    Conductor = DirectConductor
    Consumer = Consumer
    Producer = Producer
