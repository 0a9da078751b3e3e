"""A consumer that never skips an offset.

Three things in Faust 0.15.3 lose messages of agents that acknowledge late or out of order:

- It resumes its partitions before it seeks them to the committed offset
  (`faust.tables.recovery.Recovery.on_recovery_completed`), and a fetch that lands in between is
  dropped; then it takes the missing offsets for a compaction gap and commits across them.
- A partition without a commit is not sought at all, so messages fetched and dropped stay lost.
- `Consumer._new_offset` commits past an unacknowledged message when it is the first one after the
  commit, or when nothing was committed yet.

Here a partition delivers nothing until it was sought. A jump over offsets that the fetch covered is
a hole: transaction markers, aborted transactions, compacted or expired messages. So is a jump to
the first offset that the broker still has. Any other jump raises an alarm and seeks back. The
committed offset is the end of the unbroken run of acknowledged offsets and holes.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

from aiokafka.errors import IllegalStateError
from faust.types import TP, Message

from infra import metrics
from infra.broker.access import broker_error
from infra.broker.denials import DENIALS
from streams.engine.kafka.contiguous_offsets import ContiguousOffsets
from streams.engine.kafka.fetching import FetchingThread
from streams.engine.kafka.memory_delivery import MemoryDelivery
from streams.engine.kafka.stored_consumer import StoredConsumer
from streams.engine.kafka.turns import Turns
from streams.engine.kafka.written_here import WrittenHere

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

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
# While fetched messages are left for further turns, how often is looked for those of other
# partitions: each look costs as much as a few messages.
_LOOK_AT_OTHERS_S = 0.01
# Messages delivered before yielding to the event loop, as many as in Faust.
_DELIVERED_AT_ONCE = 100
# Messages refused before yielding to the event loop: a fetch may hold thousands of single samples.
_REFUSED_AT_ONCE = 32


@dataclass(frozen=True)
class _Fetch:
    """The partitions of one fetch that were sought back, and those of which a message was next."""

    held_back: set[TP] = field(default_factory=set)
    begun: set[TP] = field(default_factory=set)


class Consumer(StoredConsumer):
    """Faust's consumer with contiguous offsets."""

    # Refuses messages before any agent sees them.
    _gate: ShareGate | None = None
    _conductor: DirectConductor | None = None
    _refused = 0
    # By partition: where the fetch after the latest one begins.
    _positions: Mapping[TP, int] = {}
    # The partition of the message that is being delivered through Faust's own path.
    _awaiting_room: TP | None = None

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
        self._written_here = WrittenHere(
            getattr(self.app, "read_back", frozenset()), self._next.get
        )
        self._in_memory = MemoryDelivery(self._written_here, self._expected, self._deliver_written)
        self._turns = Turns(getattr(self.app, "frame_topics", frozenset()))
        self._looked_at_s = -inf

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Deliver nothing of any partition until it was sought."""
        self._sought = False
        self._next.clear()
        self._drop_all_ahead()
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Trust no partition's end during a rebalance, when nothing is fetched."""
        self._sought = False
        self._turns.clear()
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
        self._drop_all_ahead()
        self._era += 1
        self._covered = {}
        if self._gate is not None:
            self._gate.forget()
        self._sought = True

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        """Deliver fetched messages, without skipping an offset of any partition.

        Yields only the messages that have to wait for room.
        """
        fetch = _Fetch()
        delivered = 0
        async for tp, message in super().getmany(timeout):
            expected = self._next.get(tp)
            if expected is None or tp in fetch.held_back or message.offset < expected:
                continue
            if message.offset > expected and not await self._pass_gap(tp, message.offset, fetch):
                continue
            fetch.begun.add(tp)
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
        await self._pass_ends(fetch)

    async def _pass_gap(self, tp: TP, offset: int, fetch: _Fetch) -> bool:
        """Pass the offsets before a message's; return whether the message is the next.

        Seeks back if the broker may have messages between.
        """
        expected = self._next[tp]
        if not self._is_covered(tp, expected):
            expected = await self._pass_expired(tp, expected)
            if self._next.get(tp) != expected:
                # The position changed meanwhile.
                return False
        if offset <= expected:
            return True
        if not self._is_covered(tp, expected):
            log.error("%s: expected offset %d; seeking back", _where(tp, offset), expected)
            metrics.offset_gaps.labels(topic=tp.topic).inc()
            fetch.held_back.add(tp)
            await self._seek_back(tp, expected)
            return False
        await self._skip_to(tp, offset, may_be_lost=tp not in fetch.begun)
        # Otherwise delivered in memory meanwhile, or the position changed.
        return self._next.get(tp) == offset

    async def _pass_ends(self, fetch: _Fetch) -> None:
        """Pass the offsets without messages after the last one that each partition returned."""
        for tp, span in self._covered.items():
            expected = self._next.get(tp)
            if expected is None or tp in fetch.held_back or expected >= span.end:
                continue
            if self._is_covered(tp, expected) and expected > self._fetched_last.get(tp, -1):
                await self._skip_to(tp, span.end, may_be_lost=tp not in fetch.begun)
        for tp, position in self._positions.items():
            expected = self._next.get(tp)
            if expected is None or tp in fetch.held_back or expected >= position:
                continue
            if not self._is_covered(tp, expected):
                await self._pass_expired(tp, expected)

    def _deliver(self, message: Message) -> bool:
        if self._conductor is None or not self._conductor.deliver(message):
            return False
        self._read_offset[message.tp] = message.offset
        return True

    def take_written(self, message: Message) -> None:
        """Deliver, without a fetch, a message of this worker that the broker acknowledged."""
        self._in_memory.take(message)

    def _expected(self, tp: TP) -> int | None:
        """Return the next offset of a partition that was sought, None of others."""
        return self._next.get(tp) if self._sought else None

    def _deliver_written(self, message: Message) -> bool:
        message.generation_id = self.app.consumer_generation_id
        if message.tp == self._awaiting_room or not self._deliver(message):
            return False
        self._next[message.tp] = message.offset + 1
        return True

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:
        era = self._era
        self._covered = {}
        self._positions = {}
        all_have_room = active_partitions is None or active_partitions >= self._next.keys()
        wait_s = min(timeout, _IDLE_WAIT_S if all_have_room else _FETCH_WAIT_S)
        fetched, left = active_partitions, self._turns.partitions
        if active_partitions is not None and left:
            fetched = active_partitions - left
            if active_partitions & left:
                # What is left goes on at once.
                wait_s = 0.0
                fetched = fetched if monotonic() - self._looked_at_s > _LOOK_AT_OTHERS_S else set()
        # Of no partition at all the client would fetch every one.
        fetches = bool(fetched) or not left
        records = await self._fetch(fetched, wait_s) if fetches else {}
        if era == self._era:
            if fetches:
                self._covered = self._thread.covered
                self._positions = self._thread.positions
            for tp, position in self._positions.items():
                if position < self._next.get(tp, 0):
                    await self._start_over(tp)
            for tp in self._written_here.recreated & self._next.keys():
                records.pop(tp, None)
                await self._start_over(tp)
                await self._seek_back(tp, self._next[tp])
            if active_partitions is not None:
                records, self._covered = self._turns.hand_on(
                    records, self._covered, active_partitions
                )
                left = self._turns.partitions
                self._positions = {tp: at for tp, at in self._positions.items() if tp not in left}
        self._fetched_last = {tp: batch[-1].offset for tp, batch in records.items() if batch}
        return records

    async def _fetch(self, partitions: set[TP] | None, wait_s: float) -> Any:
        try:
            records = await super()._getmany(partitions, wait_s)
        except DENIALS as error:
            app: Any = self.app
            self._end(broker_error(app.settings, error, "Read"))
            # Faust would print the traceback of any other error, twice.
            raise asyncio.CancelledError from None
        self._looked_at_s = monotonic()
        return records

    async def _seek_back(self, tp: TP, offset: int) -> None:
        # A partition that was reassigned meanwhile is sought when it comes back.
        with suppress(IllegalStateError):
            await self.seek(tp, offset)
        self._drop_ahead(tp)

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
        self._drop_ahead(tp)

    def _drop_ahead(self, tp: TP) -> None:
        """Drop what is held of a partition and not delivered: it is read from another offset."""
        self._turns.forget(tp)
        self._written_here.on_seek(tp)
        self._in_memory.forget(tp)

    def _drop_all_ahead(self) -> None:
        """Drop what is held of all partitions and not delivered."""
        self._turns.clear()
        self._written_here.clear()
        self._in_memory.clear()

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
        if may_be_lost:
            _note_expired(tp, begin, min((await self._beginnings([tp]))[tp], end))

    async def _pass_expired(self, tp: TP, expected: int) -> int:
        """Continue at the first offset that the broker has; return the next one to read.

        The client goes on from there by itself, at a time when no fetch is under way, so it looks
        as if no fetch had covered what expired. Seeking back would repeat that, and the partition
        would stand still for as long as others are busy.
        """
        first = (await self._beginnings([tp]))[tp]
        if first <= expected or self._next.get(tp) != expected:
            return expected
        self._offsets.add_hole(tp, expected, first)
        self._next[tp] = first
        _note_expired(tp, expected, first)
        return first

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

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Keep Faust's own list of gaps empty: it would only grow."""

    def _new_consumer_thread(self) -> FetchingThread:
        thread = FetchingThread(self, loop=self.loop, beacon=self.beacon)
        thread.written_here = self._written_here
        return thread


def _where(tp: TP, offset: int) -> str:
    return f'topic="{tp.topic}" partition="{tp.partition}" offset="{offset}"'


def _note_expired(tp: TP, begin: int, end: int) -> None:
    """Say and count that messages were deleted before they were read, if there are any."""
    if begin < end:
        log.error("%s: offsets from %d on are not in the broker", _where(tp, end), begin)
        metrics.expired.labels(topic=tp.topic).inc(end - begin)
