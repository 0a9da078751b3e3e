from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from infra import metric_labels, metrics
from schemas import Refined
from schemas.scenario import NO_REFINER, OFFLINE_EXPERT
from streams.log import LogWriter, refiner
from tests.streams.engine.fakes import Inbox, Queue
from tests.streams.engine.messages import activity, common


class Store:
    def __init__(self) -> None:
        self.rows: list[tuple[str, int]] = []
        self.broken = False
        self.after: list[int] = []
        self.refused = 0

    async def _put(self, row: str, records: list[Any], after_ms: int) -> int:
        if self.broken:
            raise ConnectionError("store is gone")
        self.rows.append((row, len(records)))
        self.after.append(after_ms)
        return self.refused

    async def put_scenarios(self, records: list[Any], after_ms: int) -> int:
        return await self._put("scenario", records, after_ms)

    async def put_refined(self, records: list[Any], after_ms: int) -> int:
        return await self._put("refined", records, after_ms)

    async def put_corrections(self, records: list[Any], after_ms: int) -> int:
        return await self._put("correction", records, after_ms)

    async def put_activities(self, records: list[Any], after_ms: int) -> int:
        return await self._put("activity", records, after_ms)


def refinement(by: str) -> Refined:
    return Refined(
        **common("scenario", 0),
        revision="r",
        scenarios=["Cooking"],
        refined_by=by,
        reason="because",
        preliminary="Cooking",
        confidence=0.4,
    )


def writer(store: Store, inbox: Inbox, *messages: Any) -> LogWriter:
    runtime: Any = SimpleNamespace(log=store)
    queue: Any = Queue([inbox.receive(message) for message in messages])
    return LogWriter(queue, lambda: runtime)


async def test_records_that_came_together_are_written_together_and_then_acknowledged() -> None:
    store, inbox, stream = Store(), Inbox(), None
    messages = (activity(0), refinement("gpt"), activity(5))
    await writer(store, inbox, *messages).read(stream)
    assert store.rows == [("refined", 1), ("activity", 2)]
    assert inbox.acked == [0, 1, 2]
    # An activity that begins at 5 s.
    topic = inbox.receive(activity(0)).token.message.topic
    assert metrics.REGISTRY.get_sample_value("egolog_newest_time_seconds", {"topic": topic}) == 10


async def test_nothing_is_acknowledged_that_the_store_did_not_take() -> None:
    store, inbox, stream = Store(), Inbox(), None
    store.broken = True
    with pytest.raises(ConnectionError):
        await writer(store, inbox, activity(0)).read(stream)
    assert not inbox.acked


@pytest.mark.parametrize(
    ("by", "label"),
    [("gpt-4o-mini", "llm"), (f"{OFFLINE_EXPERT} 0123", "expert"), (NO_REFINER, "none")],
)
def test_the_metric_names_every_kind_of_refiner(by: str, label: str) -> None:
    assert refiner(refinement(by)) == label
    assert label in metric_labels.REFINERS


def test_records_of_earlier_releases_keep_their_meaning() -> None:
    # Stored logs and topics hold this spelling.
    assert NO_REFINER == "none"
    assert refiner(Refined.decode(refinement("none").encode())) == "none"


async def test_records_are_written_by_the_erasure_that_they_come_after() -> None:
    store, inbox, stream = Store(), Inbox(), None
    store.refused = 1
    records = [inbox.receive(activity(start)) for start in (0, 5, 10)]
    for record, after_ms in zip(records, (0, 1_000, 0), strict=True):
        record.token.after_ms = after_ms
    runtime: Any = SimpleNamespace(log=store)
    queue: Any = Queue(records)
    dropped = metrics.dropped.labels(stage="log", reason="erased")._value
    logged = metrics.log_records.labels(row="activity")._value
    before = dropped.get(), logged.get()
    await LogWriter(queue, lambda: runtime).read(stream)
    assert list(zip(store.rows, store.after, strict=True)) == [
        (("activity", 2), 0),
        (("activity", 1), 1_000),
    ]
    assert (dropped.get() - before[0], logged.get() - before[1]) == (2, 1)
    assert inbox.acked == [0, 1, 2]
