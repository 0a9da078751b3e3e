from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.types import TP

from streams.engine.consumer import Consumer

T = TP("t", 0)


@dataclass
class Record:
    offset: int


class Broker:
    """One partition with offsets from `first` to 9; a fetch may begin wherever a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, first: int = 0) -> None:
        self.first = first
        self.position = first
        self.seeks: list[int] = []
        self.consumer = Consumer.__new__(Consumer)
        self.consumer._next = {}
        self.consumer._sought_again = {}
        self.consumer._read_offset = {}
        broker = self

        async def getmany(_: object, timeout: float) -> AsyncIterator[tuple[TP, Record]]:
            for offset in range(max(broker.position, broker.first), 10):
                yield T, Record(offset)
            broker.position = 10

        async def seek(_: object, partition: TP, offset: int) -> None:
            broker.seeks.append(offset)
            broker.position = offset

        monkeypatch.setattr(FaustConsumer, "getmany", getmany)
        monkeypatch.setattr(FaustConsumer, "seek", seek)

    async def read(self, at: int | None = None) -> Sequence[int]:
        if at is not None:
            self.position = at
        position = self.position
        got = [message.offset async for _, message in self.consumer.getmany(1.0)]
        if self.seeks and self.position == 10 and position != 10:
            # The seek happened while the batch was read; the next fetch begins there.
            self.position = self.seeks[-1] if not got else 10
        return got


async def test_nothing_is_delivered_before_the_partition_was_sought(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker(monkeypatch)
    assert await broker.read(0) == []


async def test_offsets_are_delivered_from_the_commit_on(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker(monkeypatch)
    broker.consumer._next[T] = 4
    # A fetch that was on its way before the seek brings older offsets.
    assert await broker.read(2) == [4, 5, 6, 7, 8, 9]


async def test_a_jump_is_sought_back_and_nothing_is_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker(monkeypatch)
    broker.consumer._next[T] = 2
    assert await broker.read(5) == []
    assert broker.seeks == [2]
    assert await broker.read(2) == [2, 3, 4, 5, 6, 7, 8, 9]


async def test_offsets_that_the_broker_no_longer_has_are_passed_after_one_seek(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Broker(monkeypatch, first=6)
    broker.consumer._next[T] = 2
    assert await broker.read(2) == []
    assert await broker.read(2) == [6, 7, 8, 9]
    assert "offsets 2 to 5 are no longer in the broker" in caplog.text
