"""Which offsets a consumer commits, and how much is left to read."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from tests.streams.engine.kafka.one_partition import Broker, T


def test_the_lag_is_what_is_left_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = Broker(monkeypatch).consumer
    ends = {T: 9, TP("t", 1): 3, TP("t", 2): None}
    monkeypatch.setattr(FaustConsumer, "highwater", lambda _, tp: ends[tp])
    consumer._next = {T: 4, TP("t", 1): 5, TP("t", 2): 5}
    assert consumer.lag() == {T: 5, TP("t", 1): 0, TP("t", 2): 0}


def test_what_was_committed_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker(monkeypatch)
    consumer = broker.consumer
    consumer._offsets.absent.clear()
    consumer._offsets.uncommitted[T] = 0
    assert broker.ack(0, 1, 3) == 2
    assert (consumer._acked[T], consumer._acked_index[T]) == ([3], {3})
    assert list(consumer._filter_tps_with_pending_acks({"t"})) == [T]
    assert list(consumer._filter_tps_with_pending_acks({T})) == [T]
    assert list(consumer._filter_tps_with_pending_acks({"u"})) == []


def test_a_commit_never_passes_what_is_not_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker(monkeypatch)
    broker.consumer._offsets.uncommitted[T] = 0
    assert broker.ack(1, 2, 3) is None
    assert broker.ack(0) == 4
    assert broker.ack(5) is None
    assert broker.ack(6, 4) == 7


@given(st.permutations(range(12)))
def test_commits_are_prefixes_of_what_is_acknowledged(order: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        broker = Broker(patch)
        broker.consumer._offsets.uncommitted[T] = 0
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
    consumer._offsets.absent = {T: {1: 2}, other: {3: 4}}
    await consumer.on_partitions_revoked({T, TP("v", 0)})
    assert consumer._offsets.absent == {other: {3: 4}}
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
