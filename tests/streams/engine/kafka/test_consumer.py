"""Which messages a consumer delivers: from the commit on, without a jump, across holes."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError
from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.types import TP

from infra import metrics
from streams.engine.kafka.fetching import OffsetRange
from tests.streams.engine.kafka.one_partition import Broker, ConsumedMessage, Record, T

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


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


async def test_offsets_that_the_broker_no_longer_has_are_passed_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Broker(monkeypatch, first=6)
    broker.consumer._next[T] = broker.consumer._offsets.uncommitted[T] = 2
    assert await broker.fetch(2) == [6, 7, 8, 9]
    assert "offsets from 2 on are not in the broker" in caplog.text
    assert broker.ack(6) == 7


async def test_what_expired_between_two_fetches_is_passed_and_never_sought_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broker, before = Broker(monkeypatch, first=6), expired()
    broker.consumer._next[T] = broker.consumer._offsets.uncommitted[T] = 2
    # The client knows by now that the partition begins at 6.
    assert await broker.fetch(6) == [6, 7, 8, 9]
    assert broker.seeks == []
    [line] = caplog.messages
    assert line.endswith('offset="6": offsets from 2 on are not in the broker')
    assert expired() - before == 4
    assert broker.ack(6) == 7


async def test_of_what_expired_only_that_is_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    broker, before = Broker(monkeypatch, first=4), expired()
    broker.consumer._next[T] = broker.consumer._offsets.uncommitted[T] = 2
    assert await broker.fetch(6) == []
    assert broker.seeks == [4]
    assert await broker.fetch() == [4, 5, 6, 7, 8, 9]
    assert expired() - before == 2


async def test_a_partition_of_which_everything_expired_is_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker, before = Broker(monkeypatch, first=10), expired()
    broker.consumer._next[T] = broker.consumer._offsets.uncommitted[T] = 2
    broker.consumer._positions = {T: 10}
    assert await broker.fetch(10) == []
    assert broker.consumer._next[T] == 10
    assert expired() - before == 8
    assert broker.ack() == 10


def expired() -> float:
    return metrics.expired.labels(topic="t")._value.get()


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
    broker.consumer._next[T] = broker.consumer._offsets.uncommitted[T] = 0
    assert await broker.fetch(0) == [6, 7, 9]
    # Those side by side are one range.
    assert broker.consumer._offsets.absent[T] == {0: 3, 3: 6, 8: 9}
    assert set(broker.consumer._filter_tps_with_pending_acks()) == {T}
    assert broker.ack() == 6
    assert broker.ack(7) is None
    assert broker.ack(6) == 9
    assert broker.ack(9) == 10
    assert broker.consumer._offsets.absent[T] == {}


async def test_what_there_is_room_for_is_handed_over_and_only_the_rest_has_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker, delivered = Broker(monkeypatch), []

    def deliver(message: Record) -> bool:
        if message.offset == 4:
            return False
        delivered.append(message.offset)
        return True

    conductor: Any = SimpleNamespace(deliver=deliver)
    consumer = broker.consumer
    consumer._conductor, consumer._read_offset = conductor, {}
    consumer._next[T] = consumer._offsets.uncommitted[T] = 0
    assert await broker.fetch(0) == [4]
    assert delivered == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert consumer._read_offset[T] == 9


async def test_while_thousands_of_frames_are_refused_the_loop_turns_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker(monkeypatch, end=1_000)
    gate: Any = Gate(*range(1_000))
    broker.consumer._gate = gate
    broker.consumer._next[T] = broker.consumer._offsets.uncommitted[T] = 0
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
    broker.consumer._next[T] = broker.consumer._offsets.uncommitted[T] = 0
    assert await broker.fetch(0) == [1, 2, 5, 7, 8, 9]
    assert not broker.seeks
    assert not caplog.records
    assert broker.ack(1, 2) == 5
    assert broker.ack(7) is None
    assert broker.ack(5, 8) == 9
    assert broker.ack(9) == 10
    assert broker.consumer._offsets.absent[T] == {}


@pytest.mark.parametrize("last", [7, -1])
async def test_holes_at_the_end_count_as_read_and_are_committed(
    monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    broker = Broker(monkeypatch, holes=range(last + 1, 10))
    monkeypatch.setattr(FaustConsumer, "highwater", lambda _, tp: 10)
    consumer = broker.consumer
    consumer._sought = True
    consumer._next[T] = consumer._offsets.uncommitted[T] = 0
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
    consumer._covered, consumer._fetched_last = {T: OffsetRange(0, 10)}, {T: 7}

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
    before, other = ConsumedMessage(T), ConsumedMessage(TP("other", 0))
    consumer._unacked_messages = {before, other}
    consumer._committed_offset, consumer._read_offset = {T: 7}, {T: 8}
    consumer._next, consumer._offsets.uncommitted = {T: 9}, {T: 7}
    consumer._offsets.absent = {T: {7: 8}}
    consumer._acked[T], consumer._acked_index[T] = [8], {8}
    consumer._era = 1

    async def fetch(self: Any, *_: object) -> dict[TP, list[Record]]:
        self._thread.positions |= {T: 3}
        return {T: [Record(offset) for offset in range(3)]}

    monkeypatch.setattr(FaustConsumer, "_getmany", fetch)
    thread: Any = SimpleNamespace(covered={T: OffsetRange(0, 3)}, positions={})
    # One that nothing was delivered of yet has no expected offset.
    thread.positions = {TP("unknown", 0): 1}
    consumer._thread = thread
    await consumer._getmany({T}, 1.0)
    assert consumer._next[T] == consumer._offsets.uncommitted[T] == 0
    assert (consumer._committed_offset[T], consumer._read_offset[T]) == (None, None)
    assert consumer._offsets.absent[T] == {}
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
    thread: Any = SimpleNamespace(covered={T: OffsetRange(0, 3)}, positions={T: 3})
    consumer._thread = thread
    await consumer._getmany({T}, 1.0)
    assert consumer._next[T] == 9
    assert consumer._covered == {}


async def test_a_fetch_that_overlaps_any_rebalance_tells_nothing_of_a_partition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer = Broker(monkeypatch).consumer
    consumer._era, consumer._gate = 0, None
    consumer._read_offset, consumer._committed_offset = {}, {}

    async def seek_to_committed(_: object) -> dict[TP, int]:
        return {T: 7}

    async def fetch(self: Any, *_: object) -> dict[TP, list[Record]]:
        await self.perform_seek()
        return {}

    monkeypatch.setattr(FaustConsumer, "seek_to_committed", seek_to_committed)
    monkeypatch.setattr(FaustConsumer, "_getmany", fetch)
    thread: Any = SimpleNamespace(covered={T: OffsetRange(7, 12)}, positions={T: 12})
    consumer._thread = thread
    for _ in range(3):
        await consumer._getmany({T}, 1.0)
        assert consumer._next[T] == 7
        assert consumer._covered == {}


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
    consumer._offsets.absent = {T: {1: 2}}
    consumer._covered = {T: OffsetRange(0, 3)}
    consumer._sought, consumer._era = False, 5
    gate: Any = Gate()
    consumer._gate = gate
    await consumer.perform_seek()
    assert gate.forgotten == 1
    beginnings = {T: 4, none: 5, negative: 6}
    assert asked == [TopicPartition("t", number) for number in (0, 1, 2)]
    assert sought == list(beginnings.items())
    expected = {**beginnings, committed: 7}
    assert consumer._next == consumer._offsets.uncommitted == consumer._read_offset == expected
    assert consumer._committed_offset == {**dict.fromkeys(beginnings), committed: 7}
    assert consumer._offsets.absent == {tp: {} for tp in expected}
    assert consumer._covered == {}
    assert consumer._sought
    assert consumer._era != 5
