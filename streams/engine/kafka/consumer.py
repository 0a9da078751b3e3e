"""A consumer that never skips an offset.

Three things in Faust 0.15.3 lose messages of agents that acknowledge late or out of order:

- It resumes its partitions before it seeks them to the committed offset
  (`faust.tables.recovery.Recovery.on_recovery_completed`), and a fetch that lands in between is
  dropped; then it takes the missing offsets for a compaction gap and commits across them.
- A partition without a commit is not sought at all, so messages fetched and dropped stay lost.
- `Consumer._new_offset` commits past an unacknowledged message when it is the first one after the
  commit, or when nothing was committed yet.

Here a partition delivers nothing until it was sought. A jump over offsets that the fetch covered is
a hole: transaction markers, aborted transactions, compacted or expired messages. Any other jump
raises an alarm and seeks back. The committed offset is the end of the unbroken run of acknowledged
offsets and holes.

Before offsets are committed, the store is told of them; where it turns out to lack what follows
from committed messages, they are read again (`streams.engine.kafka.reading_again`).
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError
from faust.types import TP, Message

from infra import metrics
from infra.broker.access import broker_error
from infra.broker.denials import DENIALS
from infra.errors import StoreError
from infra.redis.outage import at_once
from infra.topics import RAW
from streams.engine.kafka.contiguous_offsets import ContiguousOffsets
from streams.engine.kafka.fetching import FetchingThread
from streams.engine.kafka.progress_consumer import ProgressConsumer
from streams.engine.kafka.reading_again import ReadingAgain, reading_again
from streams.engine.kafka.written_here import WrittenHere

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

    from infra.errors import InfraError
    from infra.redis.stored_offsets import StoredOffsets
    from streams.engine.kafka.conductor import DirectConductor
    from streams.engine.kafka.fetching import OffsetRange
    from streams.engine.kafka.share_gate import ShareGate

log = logging.getLogger(__name__)


# A partition whose agent's buffer was full is fetched again only with the next fetch; with Faust's
# wait of one second the agents would be idle for most of it.
_FETCH_WAIT_S = 0.05
# Where no buffer is full, an arriving message ends the wait; polling more often costs one percent
# of a core.
_IDLE_WAIT_S = 0.5
# Messages delivered before yielding to the event loop, as many as in Faust.
_DELIVERED_AT_ONCE = 100
# After delivering records in memory, how long the next delivery waits: per record, and at most, s.
# In a backlog larger batches cost the log and the store less per record.
_APART_S, _APART_AT_MOST_S = 0.02, 0.1
# How much of what the agents have no room for is kept for a later delivery in memory, bytes. A
# fetch would bring it only after the one under way, which may wait a second for the next frames.
_KEPT_BYTES = 4 << 20
# Messages refused before yielding to the event loop: a fetch may hold thousands of single samples.
_REFUSED_AT_ONCE = 32


class Consumer(ProgressConsumer):
    """Faust's consumer with contiguous offsets."""

    # Refuses messages before any agent sees them.
    _gate: ShareGate | None = None
    _conductor: DirectConductor | None = None
    _refused = 0
    # Earliest time of the next delivery in memory, by the loop's clock.
    _next_delivery_s = 0.0
    # The partition of the message that is being delivered through Faust's own path.
    _awaiting_room: TP | None = None
    # Whether the store turned out to be another copy since the partitions were sought.
    _store_changed = False
    _again = ReadingAgain()
    # None where offsets are not stored.
    _stored: StoredOffsets | None = None

    def on_init(self) -> None:
        """Initialise the bookkeeping; no partition has been sought yet."""
        super().on_init()
        self._gate = getattr(self.app, "gate", None)
        self._conductor = getattr(self.app, "topics", None)
        self._offsets = ContiguousOffsets()
        # By partition: the offsets covered by the latest fetch, and the last one it returned.
        self._covered: Mapping[TP, OffsetRange] = {}
        self._fetched_last: dict[TP, int] = {}
        # Counts the seeks of all partitions: a fetch that overlapped one covers nothing.
        self._era = 0
        # Ends of runs that are not committed, because the store did not take them.
        self._not_stored: dict[TP, int] = {}
        self._written: list[Message] = []
        # Written before those, and waiting for room.
        self._kept: list[Message] = []
        self._written_here = WrittenHere(
            getattr(self.app, "read_back", frozenset()), self._next.get
        )

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Deliver nothing of any partition until it was sought."""
        self._sought = False
        self._next.clear()
        self._written_here.clear()
        self._kept.clear()
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Trust no partition's end during a rebalance, when nothing is fetched."""
        self._sought = False
        for tp in revoked:
            self._offsets.forget_holes(tp)
        await super().on_partitions_revoked(revoked)

    async def perform_seek(self) -> None:
        """Seek every partition to its committed offset, or to its beginning if it has none.

        Where the store does not reach the committed offset, seek to what it reaches.
        """
        self._era += 1
        self._covered = {}
        self._next.clear()
        self._not_stored.clear()
        committed = {
            TP(tp.topic, tp.partition): offset
            for tp, offset in (await self.seek_to_committed()).items()
        }
        fresh = [tp for tp, offset in committed.items() if not offset or offset < 0]
        beginnings = await self._beginnings(fresh)
        self._store_changed = False
        self._again = await self._reading_again(committed)
        for tp, offset in {**beginnings, **self._again.starts}.items():
            await super().seek(tp, offset)
        committed |= self._again.starts
        for tp, offset in committed.items():
            first = beginnings.get(tp, offset)
            assert first is not None  # noqa: S101 - narrows a type, checks nothing
            self._read_offset[tp] = first or None
            self._committed_offset[tp] = None if tp in beginnings else first
            self._next[tp] = first
            self._offsets.start(tp, first)
        await self._store_first({tp: self._next[tp] for tp in committed})
        self._written_here.clear()
        self._kept.clear()
        self._era += 1
        self._covered = {}
        if self._gate is not None:
            self._gate.forget()
        self._sought = True

    async def _reading_again(self, committed: Mapping[TP, int | None]) -> ReadingAgain:
        self._stored = getattr(self.app, "stored_offsets", None)
        if self._stored is None:
            return ReadingAgain()
        with self._ended_by_the_store():
            offsets = await self._stored.read(committed.keys())
        reached = {TP(*at): offset for at, offset in offsets.items()}
        behind = [tp for tp, end in committed.items() if end and end > reached.get(tp, 0)]
        if not behind:
            return ReadingAgain()
        app: Any = self.app
        frame_topics = {app.settings.topic(name) for name in RAW}
        # Commits of a release that did not store their offsets say nothing of the store.
        marked = await self._thread.stored_commits(behind)
        again = reading_again(marked, reached, await self._beginnings(behind), frame_topics)
        if again:
            log.warning("%s", again.line)
            metrics.read_again.inc(again.again)
            metrics.read_again_gone.inc(again.gone)
        return again

    async def _store_first(self, starts: Mapping[TP, int]) -> None:
        """Store where partitions are read from that the store does not know: no copy lacks them."""
        if self._stored is None:
            return
        with self._ended_by_the_store():
            if not await self._stored.begin(starts):
                await self.read_again()

    @contextmanager
    def _ended_by_the_store(self) -> Iterator[None]:
        """End the worker with one line if the store fails, where Faust would print a traceback."""
        try:
            yield
        except StoreError as error:
            self._end(error)
            raise asyncio.CancelledError from None

    def is_published(self, message: Message) -> bool:
        """Return whether a frame is read again only to learn from: its windows are published."""
        return bool(message.offset < self._again.published.get(message.tp, 0))

    def _end(self, error: InfraError) -> None:
        app: Any = self.app
        app.end(error)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        """Deliver fetched messages, without skipping an offset of any partition.

        Yields only the messages that have to wait for room.
        """
        held_back: set[TP] = set()
        begun: set[TP] = set()
        delivered = 0
        async for tp, message in super().getmany(timeout):
            expected = self._next.get(tp)
            if expected is None or tp in held_back or message.offset < expected:
                continue
            if message.offset > expected and not self._is_covered(tp, expected):
                where = f'topic="{tp.topic}" partition="{tp.partition}" offset="{message.offset}"'
                log.error("%s: expected offset %d; seeking back", where, expected)
                metrics.offset_gaps.labels(topic=tp.topic).inc()
                held_back.add(tp)
                await self._seek_back(tp, expected)
                continue
            if message.offset > expected:
                await self._skip_to(tp, message.offset, may_be_lost=tp not in begun)
                if self._next.get(tp) != message.offset:
                    # Delivered in memory meanwhile, or the position changed.
                    continue
            begun.add(tp)
            self._next[tp] = message.offset + 1
            if self._gate is not None and self._gate.refuses(message):
                self._offsets.add_refused(tp, message.offset)
                self._refused += 1
                if self._refused % _REFUSED_AT_ONCE == 0:
                    await asyncio.sleep(0)
                continue
            if not self._deliver(message):
                self._awaiting_room = tp
                try:
                    yield tp, message
                finally:
                    self._awaiting_room = None
                continue
            delivered += 1
            if delivered % _DELIVERED_AT_ONCE == 0:
                await asyncio.sleep(0)
        for tp, span in self._covered.items():
            expected = self._next.get(tp)
            if expected is None or tp in held_back or expected >= span.end:
                continue
            if self._is_covered(tp, expected) and expected > self._fetched_last.get(tp, -1):
                await self._skip_to(tp, span.end, may_be_lost=tp not in begun)

    def _deliver(self, message: Message) -> bool:
        if self._conductor is None or not self._conductor.deliver(message):
            return False
        self._read_offset[message.tp] = message.offset
        return True

    def take_written(self, message: Message) -> None:
        """Deliver, without a fetch, a message of this worker that the broker acknowledged."""
        self._written.append(message)
        if len(self._written) == 1 and not self._kept:
            self._deliver_at(self._next_delivery_s)

    def _deliver_at(self, when_s: float) -> None:
        self.loop.call_at(max(self.loop.time(), when_s), self._deliver_written)

    def _deliver_written(self) -> None:
        """Deliver each message that is the next of its partition, or keep it until there is room.

        Messages that a fetch has already delivered are skipped. A fetch is requested of what cannot
        be kept, and of what follows another producer's.
        """
        written = [each for each in self._written if self._continues(each)]
        waiting, self._kept, self._written = [*self._kept, *written], [], []
        self._next_delivery_s = self.loop.time() + min(_APART_S * len(waiting), _APART_AT_MOST_S)
        kept_bytes, held_up = 0, set[TP]()
        for message in waiting:
            tp = message.tp
            expected = self._next.get(tp) if self._sought else None
            if expected is None or message.offset < expected:
                continue
            message.generation_id = self.app.consumer_generation_id
            is_next = message.offset == expected
            if is_next and tp != self._awaiting_room and self._deliver(message):
                self._next[tp] = expected + 1
                continue
            size = int(message.serialized_value_size)
            if (is_next or tp in held_up) and kept_bytes + size <= _KEPT_BYTES:
                self._kept.append(message)
                kept_bytes += size
                held_up.add(tp)
            else:
                self._written_here.ask(tp, message.offset + 1)
        if self._kept:
            self._deliver_at(self.loop.time() + _APART_AT_MOST_S)

    def _continues(self, message: Message) -> bool:
        expected = self._next.get(message.tp) if self._sought else None
        return expected is not None and self._written_here.continues(message.tp, message.offset)

    def _forget_kept(self, tp: TP) -> None:
        """Leave what waits for room to a fetch, which begins elsewhere."""
        self._kept = [each for each in self._kept if each.tp != tp]

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:
        era = self._era
        self._covered = {}
        all_have_room = active_partitions is None or active_partitions >= self._next.keys()
        wait_s = min(timeout, _IDLE_WAIT_S if all_have_room else _FETCH_WAIT_S)
        try:
            records = await super()._getmany(active_partitions, wait_s)
        except DENIALS as error:
            app: Any = self.app
            self._end(broker_error(app.settings, error, "Read"))
            # Faust would print the traceback of any other error, twice.
            raise asyncio.CancelledError from None
        if era == self._era:
            self._covered = self._thread.covered
            for tp, position in self._thread.positions.items():
                if position < self._next.get(tp, 0):
                    await self._start_over(tp)
            for tp in self._written_here.recreated & self._next.keys():
                records.pop(tp, None)
                await self._start_over(tp)
                await self._seek_back(tp, self._next[tp])
        self._fetched_last = {tp: batch[-1].offset for tp, batch in records.items() if batch}
        return records

    async def _seek_back(self, tp: TP, offset: int) -> None:
        # A partition that was reassigned meanwhile is sought when it comes back.
        with suppress(IllegalStateError):
            await self.seek(tp, offset)
        self._written_here.on_seek(tp)
        self._forget_kept(tp)

    async def _start_over(self, tp: TP) -> None:
        """Read a partition from its beginning, because the next offset to read no longer exists.

        Its topic was deleted and recreated, or an unclean leader election truncated it. Earlier
        offsets now refer to other messages, so pending acknowledgements are dropped.
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
        self._committed_offset[tp] = self._read_offset[tp] = None
        self._next[tp] = first
        self._offsets.start(tp, first)
        self._written_here.on_seek(tp)
        self._forget_kept(tp)

    def _is_covered(self, tp: TP, offset: int) -> bool:
        """Return whether the latest fetch would have returned a message at this offset."""
        span = self._covered.get(tp)
        return span is not None and span.begin <= offset

    async def _skip_to(self, tp: TP, end: int, *, may_be_lost: bool) -> None:
        """Continue at `end`: the offsets before it hold no messages, or the broker lost them.

        Messages expire from a partition's beginning, so only the first of a fetch can be lost.
        """
        begin = self._next[tp]
        self._offsets.add_hole(tp, begin, end)
        self._next[tp] = end
        if may_be_lost and (await self._beginnings([tp]))[tp] > begin:
            where = f'topic="{tp.topic}" partition="{tp.partition}" offset="{end}"'
            log.error("%s: offsets from %d on are not in the broker", where, begin)

    async def _beginnings(self, partitions: list[TP]) -> dict[TP, int]:
        if not partitions:
            return {}
        offsets = await self.earliest_offsets(
            *(TopicPartition(tp.topic, tp.partition) for tp in partitions)
        )
        return {TP(tp.topic, tp.partition): offset for tp, offset in offsets.items()}

    def _new_offset(self, tp: TP) -> int | None:
        """Return the end of the unbroken run of acknowledged offsets, or None if it is empty."""
        acked = self._acked_index[tp]
        done = self._offsets.advance(tp, acked)
        if not done:
            return None
        acked.difference_update(done)
        self._acked[tp] = [offset for offset in self._acked[tp] if offset >= done.stop]
        return done.stop

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        """Yield the partitions whose committed offset may move: a hole needs no acknowledgement."""
        pending = {*self._acked, *self._offsets.with_holes(), *self._not_stored}
        return (tp for tp in pending if topics is None or tp in topics or tp.topic in topics)

    def _filter_committable_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:
        """Return the offsets to commit, with those that the store did not take before."""
        return {**self._not_stored, **super()._filter_committable_offsets(tps)}

    async def _commit_offsets(
        self,
        offsets: Mapping[TP, int],
        start_new_transaction: bool = True,
    ) -> bool:
        """Tell the store of offsets, then commit them; neither while the store is away."""
        if self._stored is not None and not await self._store(self._stored, offsets):
            self._not_stored.update(offsets)
            return False
        self._not_stored.clear()
        return bool(await super()._commit_offsets(offsets, start_new_transaction))

    async def _store(self, stored: StoredOffsets, offsets: Mapping[TP, int]) -> bool:
        app: Any = self.app
        if self._store_changed or app.stored_offsets is None:
            # Read again, later by this worker or, where it ends, by the next.
            return False
        try:
            with at_once():
                kept = await stored.advance(offsets)
        except StoreError:
            # Whoever writes results meanwhile says so, and ends the worker if it lasts.
            return False
        if not kept:
            await self.read_again()
        return kept

    async def read_again(self) -> None:
        """Take the partitions over once more, because the store lost what followed from messages.

        Nothing is committed until then.
        """
        if self._store_changed:
            return
        self._store_changed = True
        log.warning("the store is another copy than before: the partitions are taken over again")
        await self._thread.rejoin()

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Keep Faust's own list of gaps empty: it would only grow."""

    def _new_consumer_thread(self) -> FetchingThread:
        thread = FetchingThread(self, loop=self.loop, beacon=self.beacon)
        thread.written_here = self._written_here
        return thread
