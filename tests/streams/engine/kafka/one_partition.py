"""One partition of a broker, read by our consumer with Faust's own calls replaced."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.types import TP

from streams.engine.kafka.consumer import Consumer
from streams.engine.kafka.contiguous_offsets import ContiguousOffsets
from streams.engine.kafka.fetching import OffsetRange
from streams.engine.kafka.memory_delivery import MemoryDelivery
from streams.engine.kafka.turns import Turns
from streams.engine.kafka.written_here import WrittenHere

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    import pytest

T = TP("t", 0)


@dataclass
class Record:
    offset: int
    tp: TP = T
    serialized_value_size: int = 1_000


@dataclass(eq=False)
class ConsumedMessage:
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
        self.consumer._offsets = ContiguousOffsets()
        self.consumer._offsets.absent = {T: {}}
        self.consumer._covered = {}
        self.consumer._fetched_last = {}
        self.consumer._acked = defaultdict(list)
        self.consumer._acked_index = defaultdict(set)
        self.consumer._not_stored = {}
        self.consumer.app = SimpleNamespace()
        self.consumer._sought = False
        self.consumer._written_here = WrittenHere({"t"}, self.consumer._next.get)
        self.consumer._in_memory = MemoryDelivery(
            self.consumer._written_here, self.consumer._expected, self.consumer._deliver_written
        )
        self.consumer._turns = Turns()
        self.consumer._looked_at_s = 0.0
        broker = self

        async def getmany(_: object, timeout: float) -> AsyncIterator[tuple[TP, Record]]:
            begin = max(broker.position, broker.first)
            batch = [offset for offset in range(begin, end) if offset not in holes]
            consumer = broker.consumer
            consumer._covered = (
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
