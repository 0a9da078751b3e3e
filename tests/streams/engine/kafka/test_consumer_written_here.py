"""Messages of this process, handed over without a fetch."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING

from faust.transport.drivers.aiokafka import Consumer as FaustConsumer

from tests.streams.engine.kafka.one_partition import Broker, Record, T

if TYPE_CHECKING:
    import pytest
    from faust.types import TP


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
        self.delivered: list[int] = []
        self.asked: dict[TP, int] = {}
        self.consumer._conductor = SimpleNamespace(deliver=self.deliver)  # type: ignore[assignment]
        monkeypatch.setattr(self.consumer._written_here, "ask", self.asked.__setitem__)

    def deliver(self, message: Record) -> bool:
        if len(self.delivered) == self.room:
            return False
        self.delivered.append(message.offset)
        return True

    async def write(self, *offsets: int) -> None:
        for offset in offsets:
            self.consumer.take_written(Record(offset))
        await asyncio.sleep(0.12)


async def test_what_was_written_here_is_handed_over_once(monkeypatch: pytest.MonkeyPatch) -> None:
    writing = Writing(monkeypatch)
    await writing.write(0, 1)
    assert writing.delivered == [0, 1]
    assert writing.consumer._read_offset == {T: 1}
    await writing.broker.fetch(0)
    # What a fetch brought first is not handed over again either.
    await writing.write(8, 9)
    assert writing.delivered == list(range(10))
    assert writing.asked == {}


async def test_records_in_quick_succession_are_handed_over_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for apart in ("_APART_S", "_APART_AT_MOST_S"):
        monkeypatch.setattr(f"streams.engine.kafka.memory_delivery.{apart}", 2.0)
    writing = Writing(monkeypatch)
    writing.consumer.take_written(Record(0))
    await asyncio.sleep(0.01)
    assert writing.delivered == [0]
    for offset in (1, 2):
        writing.consumer.take_written(Record(offset))
    await asyncio.sleep(0.01)
    assert writing.delivered == [0]
    async with asyncio.timeout(20):
        while writing.delivered != [0, 1, 2]:
            await asyncio.sleep(0.05)


async def test_what_somebody_else_wrote_between_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    writing = Writing(monkeypatch, expected=4)
    await writing.write(4, 6)
    assert writing.delivered == [4]
    assert writing.asked == {T: 7}


async def test_what_there_is_no_room_for_is_handed_over_once_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writing = Writing(monkeypatch, room=1)
    await writing.write(0, 1, 2)
    await writing.write(3)
    assert writing.delivered == [0]
    writing.room = 99
    await writing.write()
    assert writing.delivered == [0, 1, 2, 3]
    assert writing.asked == {}
    assert writing.consumer._next == {T: 4}
    await writing.write(4)
    assert writing.delivered == [0, 1, 2, 3, 4]


async def test_what_waits_for_room_and_is_fetched_meanwhile_is_handed_over_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writing = Writing(monkeypatch, room=0)
    await writing.write(0, 1)
    writing.room = 99
    await writing.broker.fetch(0)
    await writing.write()
    assert writing.delivered == list(range(10))


async def test_more_than_may_wait_for_room_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.engine.kafka.memory_delivery._KEPT_BYTES", 2_000)
    writing = Writing(monkeypatch, room=1)
    await writing.write(0, 1, 2, 3)
    assert writing.asked == {T: 4}
    writing.room = 99
    await writing.write()
    assert writing.delivered == [0, 1, 2]
    assert writing.consumer._next == {T: 3}


async def test_nothing_overtakes_a_message_that_waits_for_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writing = Writing(monkeypatch, room=0)
    waiting = writing.consumer.getmany(1.0)
    assert (await anext(waiting))[1].offset == 0
    writing.room = 99
    await writing.write(1)
    assert (writing.delivered, writing.asked) == ([], {})
    assert [message async for _, message in waiting] == []
    await writing.write()
    assert writing.delivered == list(range(1, 10))


async def test_what_waits_for_room_is_read_anew_after_a_seek(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writing = Writing(monkeypatch, room=0)
    await writing.write(0, 1)
    await writing.consumer._seek_back(T, 0)
    writing.room = 99
    await writing.write()
    assert writing.delivered == []
    await writing.broker.fetch()
    assert writing.delivered == list(range(10))


async def test_nothing_is_handed_over_before_the_partition_was_sought(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writing = Writing(monkeypatch)
    writing.consumer._sought = False
    await writing.write(0)
    writing.consumer._sought = True
    writing.consumer._next.clear()
    await writing.write(0)
    assert (writing.delivered, writing.asked) == ([], {})


async def test_what_is_written_to_a_topic_that_began_anew_passes_nothing_by(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    writing = Writing(monkeypatch)
    consumer = writing.consumer
    await writing.write(0, 1, 2)
    # Deleted and created between two fetches; what is expected next is 3.
    await writing.write(0, 1, 2, 3)
    assert writing.delivered == [0, 1, 2]

    async def fetch(*_: object, **__: object) -> dict[TP, list[Record]]:
        return {T: [Record(3)]}

    consumer._era, consumer._unacked_messages = 0, set()
    consumer._committed_offset = {}
    consumer._thread = SimpleNamespace(covered={}, positions={})  # type: ignore[assignment]
    monkeypatch.setattr(FaustConsumer, "_getmany", fetch)
    assert await consumer._getmany(None, 1.0) == {}
    assert "was created anew or cut short: offset 3 is gone, reading on from 0" in caplog.text
    assert writing.broker.seeks == [0]
    assert consumer._next == {T: 0}
    await writing.broker.fetch()
    assert writing.delivered == [0, 1, 2, *range(10)]
