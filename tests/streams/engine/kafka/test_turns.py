"""A partition with a backlog is handed on beside the others, and not before them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.types import TP

from streams.engine.kafka.fetching import OffsetRange
from streams.engine.kafka.turns import AT_ONCE, Turns
from tests.streams.engine.kafka.one_partition import Broker, Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

BACKLOG, LIVE, OTHER = TP("frames", 0), TP("frames", 1), TP("results", 0)
EVERY = {BACKLOG, LIVE, OTHER}


def records(tp: TP, offsets: Iterable[int]) -> list[Record]:
    return [Record(offset, tp) for offset in offsets]


def offsets(batches: dict[TP, Any]) -> dict[TP, list[int]]:
    return {tp: [record.offset for record in batch] for tp, batch in batches.items()}


def test_a_backlog_is_handed_on_a_few_at_a_time_and_the_others_at_once() -> None:
    turns = Turns({"frames"})
    fetched = {
        BACKLOG: records(BACKLOG, range(40)),
        LIVE: records(LIVE, range(5)),
        OTHER: records(OTHER, range(30)),
    }
    now, _ = turns.hand_on(fetched, {}, EVERY)
    assert offsets(now) == {
        LIVE: list(range(5)),
        OTHER: list(range(30)),
        BACKLOG: list(range(AT_ONCE)),
    }
    assert turns.partitions == {BACKLOG}
    now, _ = turns.hand_on({LIVE: records(LIVE, [5])}, {}, EVERY)
    assert offsets(now) == {LIVE: [5], BACKLOG: list(range(AT_ONCE, 2 * AT_ONCE))}
    now, _ = turns.hand_on({}, {}, EVERY)
    assert offsets(now) == {BACKLOG: list(range(2 * AT_ONCE, 40))}
    assert turns.partitions == set()


def test_each_turn_covers_the_holes_up_to_the_next() -> None:
    turns = Turns({"frames"})
    # From the commit at 3 on, without 20 to 29, and with markers at the end.
    there = [*range(5, 20), *range(30, 50)]
    spans = {BACKLOG: OffsetRange(3, 52), LIVE: OffsetRange(0, 1)}
    fetched = {BACKLOG: records(BACKLOG, there), LIVE: records(LIVE, [0])}
    now, covered = turns.hand_on(fetched, spans, EVERY)
    assert covered == {LIVE: OffsetRange(0, 1), BACKLOG: OffsetRange(3, 31)}
    assert offsets(now)[BACKLOG] == [*range(5, 20), 30]
    _, covered = turns.hand_on({}, {}, EVERY)
    assert covered == {BACKLOG: OffsetRange(31, 47)}
    now, covered = turns.hand_on({}, {}, EVERY)
    assert covered == {BACKLOG: OffsetRange(47, 52)}
    assert offsets(now) == {BACKLOG: [47, 48, 49]}


def test_what_a_fetch_covered_without_a_span_covers_nothing() -> None:
    turns = Turns({"frames"})
    for _ in range(2):
        _, covered = turns.hand_on({BACKLOG: records(BACKLOG, range(17))}, {}, EVERY)
        assert covered == {}
        turns.hand_on({}, {}, EVERY)


def test_a_partition_whose_buffer_is_full_waits_for_its_turn() -> None:
    turns = Turns({"frames"})
    now, covered = turns.hand_on(
        {BACKLOG: records(BACKLOG, range(20))}, {BACKLOG: OffsetRange(0, 20)}, {LIVE}
    )
    assert (now, covered, turns.partitions) == ({}, {}, {BACKLOG})
    now, _ = turns.hand_on({}, {}, EVERY)
    assert offsets(now) == {BACKLOG: list(range(AT_ONCE))}


def test_what_is_left_is_dropped_where_a_partition_is_read_from_another_offset() -> None:
    turns = Turns({"frames"})
    turns.hand_on({tp: records(tp, range(40)) for tp in (BACKLOG, LIVE)}, {}, EVERY)
    turns.forget(BACKLOG)
    assert turns.partitions == {LIVE}
    turns.clear()
    assert turns.hand_on({}, {}, EVERY) == ({}, {})


class Thread:
    """A fetching thread that returns each of some batches once, to whoever asks for it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, ready: dict[TP, list[Record]]) -> None:
        self.ready = ready
        self.asked: list[tuple[set[TP], float]] = []
        self.covered: dict[TP, OffsetRange] = {}
        self.positions: dict[TP, int] = {}

        async def fetch(_: object, partitions: set[TP], timeout: float) -> dict[TP, list[Record]]:
            self.asked.append((set(partitions), timeout))
            found = {tp: self.ready.pop(tp) for tp in list(self.ready) if tp in partitions}
            self.covered = {
                tp: OffsetRange(batch[0].offset, batch[-1].offset + 1)
                for tp, batch in found.items()
            }
            self.positions |= {tp: span.end for tp, span in self.covered.items()}
            return found

        monkeypatch.setattr(FaustConsumer, "_getmany", fetch)


def reading(monkeypatch: pytest.MonkeyPatch, thread: Thread) -> Any:
    consumer: Any = Broker(monkeypatch).consumer
    consumer._era = 0
    consumer._next = {BACKLOG: 0, LIVE: 0}
    consumer._turns = Turns({"frames"})
    consumer._thread = thread
    return consumer


async def test_others_are_fetched_while_a_backlog_is_handed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thread = Thread(monkeypatch, {BACKLOG: records(BACKLOG, range(50))})
    consumer = reading(monkeypatch, thread)
    active = {BACKLOG, LIVE}
    assert list(offsets(await consumer._getmany(active, 1.0))[BACKLOG]) == list(range(16))
    # What comes of it next is left out of where the next fetch begins.
    assert (consumer._covered, consumer._positions) == ({BACKLOG: OffsetRange(0, 16)}, {})
    assert consumer._fetched_last == {BACKLOG: 15}
    thread.ready = {LIVE: records(LIVE, [0]), BACKLOG: records(BACKLOG, [50])}
    # Soon after the last look there is none.
    assert offsets(await consumer._getmany(active, 1.0)) == {BACKLOG: list(range(16, 32))}
    consumer._looked_at_s = 0.0
    now = await consumer._getmany(active, 1.0)
    assert offsets(now) == {LIVE: [0], BACKLOG: list(range(32, 48))}
    assert consumer._covered == {LIVE: OffsetRange(0, 1), BACKLOG: OffsetRange(32, 48)}
    assert thread.asked == [(active, 0.5), ({LIVE}, 0.0)]
    consumer._looked_at_s = 0.0
    assert offsets(await consumer._getmany(active, 1.0)) == {BACKLOG: [48, 49]}
    assert offsets(await consumer._getmany(active, 1.0)) == {BACKLOG: [50]}
    assert thread.asked[-1] == (active, 0.5)


async def test_a_seek_drops_what_was_left(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = reading(monkeypatch, Thread(monkeypatch, {BACKLOG: records(BACKLOG, range(50))}))
    await consumer._getmany({BACKLOG, LIVE}, 1.0)
    await consumer._seek_back(BACKLOG, 7)
    assert consumer._turns.partitions == set()


async def test_partitions_that_are_taken_over_begin_with_nothing_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer = reading(monkeypatch, Thread(monkeypatch, {BACKLOG: records(BACKLOG, range(50))}))
    await consumer._getmany({BACKLOG, LIVE}, 1.0)
    consumer._read_offset, consumer._committed_offset, consumer._gate = {}, {}, None

    async def seek_to_committed(_: object) -> dict[TP, int]:
        return {BACKLOG: 7}

    monkeypatch.setattr(FaustConsumer, "seek_to_committed", seek_to_committed)
    consumer.app = SimpleNamespace(stored_offsets=None)
    await consumer.perform_seek()
    assert consumer._turns.partitions == set()
