from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError
from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.kafka.consumer import Consumer
from streams.engine.kafka.fetching import OffsetRange
from streams.engine.kafka.written_here import WrittenHere

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

T = TP("t", 0)


@dataclass
class Record:
    offset: int
    tp: TP = T


@dataclass(eq=False)
class Consumed:
    """A message that an agent holds."""

    tp: TP
    acked: bool = False


class Broker:
    """One partition with offsets from `first` to before `end`.

    `fetch` may begin wherever a test says. Where there are `holes`, there is no message.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        first: int = 0,
        holes: Collection[int] = (),
        end: int = 10,
    ) -> None:
        self.first = first
        self.position = first
        self.seeks: list[int] = []
        self.consumer = Consumer.__new__(Consumer)
        self.consumer._next = {}
        self.consumer._uncommitted = {}
        self.consumer._absent = {T: {}}
        self.consumer._looked_at = {}
        self.consumer._fetched_last = {}
        self.consumer._acked = defaultdict(list)
        self.consumer._acked_index = defaultdict(set)
        self.consumer._written = []
        self.consumer._written_here = WrittenHere({"t"}, self.consumer._next.get)
        broker = self

        async def getmany(_: object, timeout: float) -> AsyncIterator[tuple[TP, Record]]:
            begin = max(broker.position, broker.first)
            batch = [offset for offset in range(begin, end) if offset not in holes]
            consumer = broker.consumer
            consumer._looked_at = (
                {T: OffsetRange(broker.position, end)} if broker.position < end else {}
            )
            consumer._fetched_last = {T: batch[-1]} if batch else {}
            broker.position = end
            for offset in batch:
                yield T, Record(offset)

        async def seek(_: object, partition: TP, offset: int) -> None:
            broker.seeks.append(offset)
            broker.position = offset

        async def earliest_offsets(_: object, *partitions: object) -> dict[TP, int]:
            return {T: broker.first}

        monkeypatch.setattr(FaustConsumer, "getmany", getmany)
        monkeypatch.setattr(FaustConsumer, "seek", seek)
        monkeypatch.setattr(FaustConsumer, "earliest_offsets", earliest_offsets)

    async def fetch(self, at: int | None = None) -> list[int]:
        if at is not None:
            self.position = at
        return [message.offset async for _, message in self.consumer.getmany(1.0)]

    def ack(self, *offsets: int) -> int | None:
        self.consumer._acked[T] += offsets
        self.consumer._acked_index[T].update(offsets)
        return self.consumer._new_offset(T)


async def test_nothing_is_delivered_before_the_partition_was_sought(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert await Broker(monkeypatch).fetch(0) == []


async def test_offsets_are_delivered_from_the_commit_on(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker(monkeypatch)
    broker.consumer._next[T] = 4
    # A fetch that was on its way before the seek brings older offsets.
    assert await broker.fetch(2) == [4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("expected", [0, 2])
async def test_a_jump_is_sought_back_and_nothing_is_skipped(
    monkeypatch: pytest.MonkeyPatch, expected: int
) -> None:
    broker = Broker(monkeypatch)
    broker.consumer._next[T] = expected
    assert await broker.fetch(5) == []
    assert broker.seeks == [expected]
    assert await broker.fetch() == list(range(expected, 10))


@pytest.mark.parametrize("expected", [0, 2])
async def test_a_jump_in_a_partition_that_was_just_taken_away_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, expected: int
) -> None:
    broker = Broker(monkeypatch)
    broker.consumer._next[T] = expected

    async def seek(_: object, partition: TP, offset: int) -> None:
        raise IllegalStateError(f"no current assignment for partition {partition}")

    monkeypatch.setattr(FaustConsumer, "seek", seek)
    assert await broker.fetch(5) == []
    assert broker.consumer._next[T] == expected


async def test_offsets_that_the_broker_no_longer_has_are_passed_and_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Broker(monkeypatch, first=6)
    broker.consumer._next[T] = broker.consumer._uncommitted[T] = 2
    assert await broker.fetch(2) == [6, 7, 8, 9]
    assert "offsets from 2 on are not in the broker" in caplog.text
    assert broker.ack(6) == 7


class Gate:
    """Refuses the messages at some offsets."""

    def __init__(self, *offsets: int) -> None:
        self.offsets, self.forgotten = offsets, 0

    def refuses(self, message: Record) -> bool:
        return message.offset in self.offsets

    def forget(self) -> None:
        self.forgotten += 1


async def test_what_the_gate_refuses_is_nobodys_and_is_committed_across(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker(monkeypatch, holes=(3,))
    gate: Any = Gate(0, 1, 2, 4, 5, 8)
    broker.consumer._gate = gate
    broker.consumer._next[T] = broker.consumer._uncommitted[T] = 0
    assert await broker.fetch(0) == [6, 7, 9]
    # Those side by side are one range.
    assert broker.consumer._absent[T] == {0: 3, 3: 6, 8: 9}
    assert set(broker.consumer._filter_tps_with_pending_acks()) == {T}
    assert broker.ack() == 6
    assert broker.ack(7) is None
    assert broker.ack(6) == 9
    assert broker.ack(9) == 10
    assert broker.consumer._absent[T] == {}


async def test_what_there_is_room_for_is_handed_over_and_only_the_rest_has_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker, handed_over = Broker(monkeypatch), []

    def hand_over(message: Record) -> bool:
        if message.offset == 4:
            return False
        handed_over.append(message.offset)
        return True

    conductor: Any = SimpleNamespace(hand_over=hand_over)
    consumer = broker.consumer
    consumer._conductor, consumer._read_offset = conductor, {}
    consumer._next[T] = consumer._uncommitted[T] = 0
    assert await broker.fetch(0) == [4]
    assert handed_over == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert consumer._read_offset[T] == 9


async def test_while_thousands_of_frames_are_refused_the_loop_turns_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker(monkeypatch, end=1_000)
    gate: Any = Gate(*range(1_000))
    broker.consumer._gate = gate
    broker.consumer._next[T] = broker.consumer._uncommitted[T] = 0
    fetching = asyncio.create_task(broker.fetch(0))
    turns = 0
    while not fetching.done():
        await asyncio.sleep(0)
        turns += 1
    assert fetching.result() == []
    assert turns > 1_000 // 32


async def test_offsets_that_are_no_messages_are_passed_at_once_and_without_a_word(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Broker(monkeypatch, holes=(0, 3, 4, 6))
    broker.consumer._next[T] = broker.consumer._uncommitted[T] = 0
    assert await broker.fetch(0) == [1, 2, 5, 7, 8, 9]
    assert not broker.seeks
    assert not caplog.records
    assert broker.ack(1, 2) == 5
    assert broker.ack(7) is None
    assert broker.ack(5, 8) == 9
    assert broker.ack(9) == 10
    assert broker.consumer._absent[T] == {}


@pytest.mark.parametrize("last", [7, -1])
async def test_holes_at_the_end_count_as_read_and_are_committed(
    monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    broker = Broker(monkeypatch, holes=range(last + 1, 10))
    monkeypatch.setattr(FaustConsumer, "highwater", lambda _, tp: 10)
    consumer = broker.consumer
    consumer._sought = True
    consumer._next[T] = consumer._uncommitted[T] = 0
    delivered = await broker.fetch(0)
    assert delivered == list(range(last + 1))
    assert consumer.lag() == {T: 0}
    assert consumer.has_read()
    assert list(consumer._filter_tps_with_pending_acks()) == [T]
    assert broker.ack(*delivered) == 10
    # What was lost is no hole.
    consumer._next[T] = 5
    assert await broker.fetch(9) == []
    assert consumer._next[T] == 5


async def test_what_was_fetched_and_not_handed_on_is_no_hole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker(monkeypatch, holes=(8, 9))
    consumer = broker.consumer
    consumer._next[T] = 0
    consumer._looked_at, consumer._fetched_last = {T: OffsetRange(0, 10)}, {T: 7}

    async def nothing(_: object, timeout: float) -> AsyncIterator[tuple[TP, Record]]:
        # Faust drops a batch while the group is shared out anew.
        nothing_is_left: list[tuple[TP, Record]] = []
        for each in nothing_is_left:
            yield each

    monkeypatch.setattr(FaustConsumer, "getmany", nothing)
    assert [each async for each in consumer.getmany(1.0)] == []
    assert consumer._next[T] == 0


async def test_a_partition_created_anew_is_read_from_its_beginning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = Broker(monkeypatch, first=0).consumer
    before, other = Consumed(T), Consumed(TP("other", 0))
    consumer._unacked_messages = {before, other}
    consumer._committed_offset, consumer._read_offset = {T: 7}, {T: 8}
    consumer._next, consumer._uncommitted = {T: 9}, {T: 7}
    consumer._absent = {T: {7: 8}}
    consumer._acked[T], consumer._acked_index[T] = [8], {8}
    consumer._era = 1

    async def fetch(self: Any, *_: object) -> dict[TP, list[Record]]:
        self._thread.positions |= {T: 3}
        return {T: [Record(offset) for offset in range(3)]}

    monkeypatch.setattr(FaustConsumer, "_getmany", fetch)
    thread: Any = SimpleNamespace(looked_at={T: OffsetRange(0, 3)}, positions={})
    # One that nothing was delivered of yet has no expected offset.
    thread.positions = {TP("unknown", 0): 1}
    consumer._thread = thread
    await consumer._getmany({T}, 1.0)
    assert consumer._next[T] == consumer._uncommitted[T] == 0
    assert (consumer._committed_offset[T], consumer._read_offset[T]) == (None, None)
    assert consumer._absent[T] == {}
    # What was acknowledged before counts for nothing, and what will be, neither.
    assert consumer._new_offset(T) is None
    assert (before.acked, other.acked) == (True, False)
    assert consumer._unacked_messages == {other}
    assert caplog.messages == [
        'topic="t" partition="0" was created anew or cut short: offset 9 is gone, reading on from 0'
    ]


async def test_a_fetch_that_a_seek_came_between_tells_nothing_of_a_partition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer = Broker(monkeypatch).consumer
    consumer._next = {T: 9}
    consumer._era = 1

    async def fetch(self: Any, *_: object) -> dict[TP, list[Record]]:
        self._era += 1
        return {}

    monkeypatch.setattr(FaustConsumer, "_getmany", fetch)
    thread: Any = SimpleNamespace(looked_at={T: OffsetRange(0, 3)}, positions={T: 3})
    consumer._thread = thread
    await consumer._getmany({T}, 1.0)
    assert consumer._next[T] == 9
    assert consumer._looked_at == {}


async def test_partitions_are_sought_to_their_commits_or_to_their_beginnings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer = Broker(monkeypatch, first=4).consumer
    none, negative, committed = (TP("t", number) for number in (1, 2, 3))
    sought: list[tuple[TP, int]] = []
    asked: list[object] = []

    async def seek_to_committed(_: object) -> dict[TP, int | None]:
        return {T: 0, none: None, negative: -1, committed: 7}

    async def earliest_offsets(_: object, *partitions: Any) -> dict[TP, int]:
        asked.extend(partitions)
        return {tp: 4 + tp.partition for tp in partitions}

    async def seek(_: object, tp: TP, offset: int) -> None:
        sought.append((tp, offset))

    monkeypatch.setattr(FaustConsumer, "seek_to_committed", seek_to_committed)
    monkeypatch.setattr(FaustConsumer, "earliest_offsets", earliest_offsets)
    monkeypatch.setattr(FaustConsumer, "seek", seek)
    consumer._read_offset, consumer._committed_offset = {}, {}
    consumer._absent = {T: {1: 2}}
    consumer._looked_at = {T: OffsetRange(0, 3)}
    consumer._sought, consumer._era = False, 5
    gate: Any = Gate()
    consumer._gate = gate
    await consumer.perform_seek()
    assert gate.forgotten == 1
    beginnings = {T: 4, none: 5, negative: 6}
    assert asked == [TopicPartition("t", number) for number in (0, 1, 2)]
    assert sought == list(beginnings.items())
    expected = {**beginnings, committed: 7}
    assert consumer._next == consumer._uncommitted == consumer._read_offset == expected
    assert consumer._committed_offset == {**dict.fromkeys(beginnings), committed: 7}
    assert consumer._absent == {tp: {} for tp in expected}
    assert consumer._looked_at == {}
    assert consumer._sought
    assert consumer._era != 5


def test_the_lag_is_what_is_left_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = Broker(monkeypatch).consumer
    ends = {T: 9, TP("t", 1): 3, TP("t", 2): None}
    monkeypatch.setattr(FaustConsumer, "highwater", lambda _, tp: ends[tp])
    consumer._next = {T: 4, TP("t", 1): 5, TP("t", 2): 5}
    assert consumer.lag() == {T: 5, TP("t", 1): 0, TP("t", 2): 0}


def test_what_was_committed_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker(monkeypatch)
    consumer = broker.consumer
    consumer._absent.clear()
    consumer._uncommitted[T] = 0
    assert broker.ack(0, 1, 3) == 2
    assert (consumer._acked[T], consumer._acked_index[T]) == ([3], {3})
    assert list(consumer._filter_tps_with_pending_acks({"t"})) == [T]
    assert list(consumer._filter_tps_with_pending_acks({T})) == [T]
    assert list(consumer._filter_tps_with_pending_acks({"u"})) == []


def test_a_commit_never_passes_what_is_not_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker(monkeypatch)
    broker.consumer._uncommitted[T] = 0
    assert broker.ack(1, 2, 3) is None
    assert broker.ack(0) == 4
    assert broker.ack(5) is None
    assert broker.ack(6, 4) == 7


@given(st.permutations(range(12)))
def test_commits_are_prefixes_of_what_is_acknowledged(order: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        broker = Broker(patch)
        broker.consumer._uncommitted[T] = 0
        acked: set[int] = set()
        last = 0
        for offset in order:
            acked.add(offset)
            last = broker.ack(offset) or last
            assert set(range(last)) <= acked
        assert last == 12


@pytest.mark.parametrize(
    ("sought", "end", "read"),
    [(None, 4, False), (4, None, False), (3, 4, False), (4, 4, True), (0, 0, True)],
)
def test_a_partition_is_read_only_once_it_was_sought_and_its_end_is_known_and_reached(
    monkeypatch: pytest.MonkeyPatch, sought: int | None, end: int | None, read: bool
) -> None:
    consumer = Broker(monkeypatch).consumer
    monkeypatch.setattr(FaustConsumer, "highwater", lambda _, tp: end)
    consumer._sought = sought is not None
    if sought is not None:
        consumer._next[T] = sought
    assert consumer.has_read() is read
    assert consumer.has_read({"t"}) is read
    assert consumer.has_read({"another"}) is consumer._sought


@pytest.mark.parametrize(
    ("end", "age_s", "answered"),
    # What is read to its end has to be asked about again and again; the rest is worked on.
    [(4, 1.0, True), (4, 9.0, False), (4, None, True), (7, 9.0, True), (None, 9.0, True)],
)
def test_a_broker_that_tells_nothing_of_what_was_read_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, end: int | None, age_s: float | None, answered: bool
) -> None:
    consumer = Broker(monkeypatch).consumer
    monkeypatch.setattr(FaustConsumer, "highwater", lambda _, tp: end)
    at_s = None if age_s is None else time.time() - age_s
    consumer._thread = SimpleNamespace(answered_at=lambda tp: at_s)  # type: ignore[assignment]
    consumer._next[T] = 4
    assert consumer.is_answered({"t"}, within_s=3.0) is answered
    assert consumer.is_answered({"another"}, within_s=3.0)


async def test_a_change_of_partitions_forgets_what_was_to_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[tuple[str, object]] = []

    async def assigned(_: object, partitions: set[TP], generation_id: int) -> None:
        calls.append(("assigned", (partitions, generation_id)))

    async def revoked(_: object, partitions: set[TP]) -> None:
        calls.append(("revoked", partitions))

    monkeypatch.setattr(FaustConsumer, "on_partitions_assigned", assigned)
    monkeypatch.setattr(FaustConsumer, "on_partitions_revoked", revoked)
    consumer, other = Broker(monkeypatch).consumer, TP("u", 0)
    consumer._absent = {T: {1: 2}, other: {3: 4}}
    await consumer.on_partitions_revoked({T, TP("v", 0)})
    assert consumer._absent == {other: {3: 4}}
    consumer._next, consumer._sought = {T: 3}, True
    await consumer.on_partitions_assigned({T}, 7)
    assert consumer._next == {}
    assert consumer._sought is False
    assert calls == [("revoked", {T, TP("v", 0)}), ("assigned", ({T}, 7))]


async def test_no_end_is_known_while_partitions_are_taken_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def revoked(_: object, partitions: set[TP]) -> None:
        pass

    monkeypatch.setattr(FaustConsumer, "on_partitions_revoked", revoked)
    consumer = Broker(monkeypatch).consumer
    consumer._sought = True
    assert consumer.has_read()
    await consumer.on_partitions_revoked({T})
    assert not consumer.has_read()


class Handing:
    """What hands a message over to an agent, once there is room for it."""

    def __init__(self, *, room: bool) -> None:
        self.room = asyncio.Event()
        self.tasks: set[Any] = set()
        self.suspended = asyncio.Event()
        if room:
            self.room.set()

    async def over(self) -> str:
        self.tasks.add(asyncio.current_task())
        await self.room.wait()
        self.tasks.add(asyncio.current_task())
        return "there"

    def begin(self) -> asyncio.Task[Any]:
        consumer = Consumer.__new__(Consumer)
        consumer._stopped = consumer._crashed = asyncio.Event()
        consumer.loop = asyncio.get_running_loop()
        return asyncio.create_task(consumer.wait_first(self.over(), self.suspended.wait()))


async def test_a_message_that_there_is_room_for_is_handed_over_at_once() -> None:
    handing = Handing(room=True)
    waiting = handing.begin()
    assert (await waiting).results == ["there"]
    assert handing.tasks == {waiting}


async def test_a_message_that_has_to_wait_is_handed_over_once_there_is_room() -> None:
    handing = Handing(room=False)
    waiting = handing.begin()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    handing.room.set()
    assert (await waiting).results == ["there"]


async def test_a_suspended_flow_ends_the_wait_for_room() -> None:
    handing = Handing(room=False)
    waiting = handing.begin()
    await asyncio.sleep(0)
    handing.suspended.set()
    assert (await waiting).results == [True]


async def test_a_consumer_that_has_stopped_says_so_whatever_was_handed_over() -> None:
    consumer = Consumer.__new__(Consumer)
    consumer._stopped, consumer._crashed = asyncio.Event(), asyncio.Event()
    consumer._stopped.set()
    assert (await consumer.wait_first(Handing(room=True).over())).stopped


async def test_what_fails_at_handing_over_is_raised() -> None:
    async def fail() -> None:
        raise ConnectionError("gone")

    consumer = Consumer.__new__(Consumer)
    with pytest.raises(ConnectionError, match="gone"):
        await consumer.wait_first(fail())


@pytest.mark.parametrize(("active", "at_most_s"), [({T}, 0.5), (set(), 0.05)])
async def test_a_fetch_waits_long_only_while_no_agent_is_full(
    monkeypatch: pytest.MonkeyPatch, active: set[TP], at_most_s: float
) -> None:
    waits: list[float] = []

    async def fetch(_: object, active: object, timeout: float) -> dict[TP, list[Record]]:
        waits.append(timeout)
        return {}

    broker = Broker(monkeypatch)
    consumer = broker.consumer
    consumer._era, consumer._next = 0, {T: 3}
    consumer._thread = SimpleNamespace(looked_at={}, positions={})  # type: ignore[assignment]
    monkeypatch.setattr(FaustConsumer, "_getmany", fetch)
    await consumer._getmany(active, 1.0)
    assert waits == [at_most_s]


class Writing:
    """A consumer of what it writes itself, whose agents have `room` for so many messages."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, expected: int = 0, room: int = 99) -> None:
        self.broker = Broker(monkeypatch)
        self.consumer = self.broker.consumer
        self.consumer._next[T] = expected
        self.consumer._sought = True
        self.consumer._read_offset = {}
        self.consumer.app = SimpleNamespace(consumer_generation_id=3)
        self.consumer.loop = asyncio.get_running_loop()
        self.room = room
        self.handed_over: list[int] = []
        self.asked: dict[TP, int] = {}
        self.consumer._conductor = SimpleNamespace(hand_over=self.hand_over)  # type: ignore[assignment]
        monkeypatch.setattr(self.consumer._written_here, "ask", self.asked.__setitem__)

    def hand_over(self, message: Record) -> bool:
        if len(self.handed_over) == self.room:
            return False
        self.handed_over.append(message.offset)
        return True

    async def write(self, *offsets: int) -> None:
        for offset in offsets:
            self.consumer.take_written(Record(offset))
        await asyncio.sleep(0.12)


async def test_what_was_written_here_is_handed_over_once(monkeypatch: pytest.MonkeyPatch) -> None:
    writing = Writing(monkeypatch)
    await writing.write(0, 1)
    assert writing.handed_over == [0, 1]
    assert writing.consumer._read_offset == {T: 1}
    await writing.broker.fetch(0)
    # What a fetch brought first is not handed over again either.
    await writing.write(8, 9)
    assert writing.handed_over == list(range(10))
    assert writing.asked == {}


async def test_records_in_quick_succession_are_handed_over_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writing = Writing(monkeypatch)
    writing.consumer.take_written(Record(0))
    await asyncio.sleep(0.01)
    assert writing.handed_over == [0]
    for offset in (1, 2):
        writing.consumer.take_written(Record(offset))
    await asyncio.sleep(0.01)
    assert writing.handed_over == [0]
    await asyncio.sleep(0.05)
    assert writing.handed_over == [0, 1, 2]


async def test_what_somebody_else_wrote_between_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    writing = Writing(monkeypatch, expected=4)
    await writing.write(4, 6)
    assert writing.handed_over == [4]
    assert writing.asked == {T: 7}


async def test_what_there_is_no_room_for_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    writing = Writing(monkeypatch, room=1)
    await writing.write(0, 1)
    assert writing.handed_over == [0]
    assert writing.asked == {T: 2}
    assert writing.consumer._next == {T: 1}


async def test_nothing_overtakes_a_message_that_waits_for_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writing = Writing(monkeypatch, room=0)
    waiting = writing.consumer.getmany(1.0)
    assert (await anext(waiting))[1].offset == 0
    writing.room = 99
    await writing.write(1)
    assert writing.handed_over == []
    assert writing.asked == {T: 2}
    assert [message async for _, message in waiting] == []
    assert writing.handed_over == list(range(1, 10))


async def test_nothing_is_handed_over_before_the_partition_was_sought(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writing = Writing(monkeypatch)
    writing.consumer._sought = False
    await writing.write(0)
    writing.consumer._sought = True
    writing.consumer._next.clear()
    await writing.write(0)
    assert (writing.handed_over, writing.asked) == ([], {})


async def test_what_is_written_to_a_topic_that_began_anew_passes_nothing_by(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    writing = Writing(monkeypatch)
    consumer = writing.consumer
    await writing.write(0, 1, 2)
    # Deleted and created between two fetches; what is expected next is 3.
    await writing.write(0, 1, 2, 3)
    assert writing.handed_over == [0, 1, 2]

    async def fetch(*_: object, **__: object) -> dict[TP, list[Record]]:
        return {T: [Record(3)]}

    consumer._era, consumer._unacked_messages = 0, set()
    consumer._committed_offset = {}
    consumer._thread = SimpleNamespace(looked_at={}, positions={})  # type: ignore[assignment]
    monkeypatch.setattr(FaustConsumer, "_getmany", fetch)
    assert await consumer._getmany(None, 1.0) == {}
    assert "was created anew or cut short: offset 3 is gone, reading on from 0" in caplog.text
    assert writing.broker.seeks == [0]
    assert consumer._next == {T: 0}
    await writing.broker.fetch()
    assert writing.handed_over == [0, 1, 2, *range(10)]
