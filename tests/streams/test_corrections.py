from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from infra import topics
from infra.broker.topic_reader import publish
from infra.daily_log.record_offsets import RecordOffsets
from schemas import Correction, NamedSpan, Scenario, Vector
from schemas.correction import WEARER
from streams.corrections import CorrectionQueuer, scenarios_at
from streams.log import LogWriter
from tests.broker_settings import with_topics
from tests.infra.daily_log.stored_records import T0, S, scenario
from tests.streams.engine.fakes import Inbox, Queue

if TYPE_CHECKING:
    from infra.daily_log.store import LogStore

RECORDS = [
    scenario(T0 + n * 30 * S, embeddings=Vector.of(np.full((2, 3), n), "<f2")) for n in range(4)
]


def correction(number: int, first: int, past: int, *labels: str, **more: Any) -> Correction:
    fields: dict[str, Any] = {
        "device_id": "d1",
        "correction_id": f"{number:032x}",
        "action": "correct" if labels else "delete",
        "row": "scenario",
        "created_ns": number,
        "after": [
            NamedSpan(start_ns=T0 + first * 30 * S, end_ns=T0 + past * 30 * S, labels=list(labels))
        ],
    }
    return Correction(**{**fields, **more})


class AdapterWindows:
    """Keeps what the wearer's own adapter is made of."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    async def learn(self, items: Any, after_ms: int) -> None:
        self.items += items


async def queue_items(
    store: LogStore,
    *corrections: Correction,
    gone: int | None = None,
    kept: AdapterWindows | None = None,
) -> list[Any]:
    """Return the items of corrections, where record `gone` is in the topic no more."""
    inbox, places = Inbox(), Inbox()
    runtime: Any = SimpleNamespace(log=store, corrected=kept)
    writes: Any = Queue([places.receive(record) for record in RECORDS])
    await LogWriter(writes, lambda: runtime).read(None)

    async def fetch(asked: Any) -> dict[str, Scenario]:
        return {
            RECORDS[offset].window_id: RECORDS[offset]
            for partition, offset in asked.values()
            if offset != gone and partition == 3
        }

    queue: Any = Queue([inbox.receive(each) for each in corrections])
    await CorrectionQueuer(queue, lambda: runtime, fetch).read(None)
    assert inbox.acked == list(range(len(corrections)))
    return list(queue.of(topics.FINETUNE_QUEUE))


async def test_every_window_of_a_span_is_queued_with_its_features_and_the_wearers_word(
    store: LogStore,
) -> None:
    items = await queue_items(store, correction(1, 1, 3, "Eating"))
    assert [item.window_id for item in items] == [each.window_id for each in RECORDS[1:3]]
    assert [item.pseudo_labels for item in items] == [["Eating"]] * 2
    assert {item.provenance for item in items} == {WEARER}
    assert items[0].embeddings == RECORDS[1].embeddings
    assert items[0].revision == RECORDS[1].revision


async def test_what_is_queued_is_kept_for_the_wearers_own_adapter_too(store: LogStore) -> None:
    kept = AdapterWindows()
    corrections = correction(1, 0, 2, "Eating")
    items = await queue_items(store, corrections, correction(2, 0, 1), kept=kept)
    assert kept.items == items
    assert [item.pseudo_labels for item in items] == [["Eating"], ["Eating"], []]


async def test_what_was_taken_back_is_queued_without_a_label(store: LogStore) -> None:
    corrections = correction(1, 0, 2, "Eating")
    back = correction(2, 0, 2, "Eating", action="undo", undoes=corrections.correction_id)
    items = await queue_items(store, corrections, back)
    assert [item.pseudo_labels for item in items] == [["Eating"]] * 2 + [[]] * 2


async def test_what_was_confirmed_is_a_label_as_what_was_corrected_is(store: LogStore) -> None:
    kept = AdapterWindows()
    parts = [
        NamedSpan(start_ns=T0 + n * 30 * S, end_ns=T0 + (n + 1) * 30 * S, labels=labels)
        for n, labels in enumerate((["Cooking"], [], ["Eating", "Cooking"]))
    ]
    items = await queue_items(store, correction(1, 0, 3, action="confirm", after=parts), kept=kept)
    assert [item.pseudo_labels for item in items] == [["Cooking"], [], ["Eating", "Cooking"]]
    assert {item.provenance for item in items} == {WEARER}
    assert kept.items == items


async def test_what_all_corrections_say_is_queued_however_late_one_comes(store: LogStore) -> None:
    newer = correction(2, 0, 1, "Reading books")
    items = await queue_items(store, newer, correction(1, 0, 2, "Eating"))
    assert [item.pseudo_labels for item in items] == [
        ["Reading books"],
        ["Reading books"],
        ["Eating"],
    ]


async def test_nothing_is_learned_of_notes_activities_and_windows_without_features(
    store: LogStore,
) -> None:
    note = correction(1, 0, 2, action="note", note="with Ada")
    activity = correction(2, 0, 2, "running", row="activity")
    assert await queue_items(store, note, activity) == []
    items = await queue_items(store, correction(3, 0, 2, "Eating"), gone=0)
    assert [item.window_id for item in items] == [RECORDS[1].window_id]


async def test_records_are_read_from_where_the_log_noted_them(broker_url: str) -> None:
    settings = await with_topics(broker_url, 1)
    for record in RECORDS:
        await publish(settings, topics.SCENARIO, record.device_id, record.encode())
    await publish(settings, topics.SCENARIO, "d1", b"nonsense")
    places = {record.window_id: (0, n) for n, record in enumerate(RECORDS) if n != 2}
    wrong = {"another/window": (0, 2), "damaged": (0, 4), "beyond": (0, 99_999)}
    assert await scenarios_at(settings, places | wrong) == {
        RECORDS[n].window_id: RECORDS[n] for n in (0, 1, 3)
    }
    assert await scenarios_at(settings, {}) == {}


async def test_a_place_is_kept_by_window_and_forgotten_after_the_topic(store: LogStore) -> None:
    places = RecordOffsets.of(store)
    await places.put({RECORDS[0].window_id: (1, 7)}, RECORDS[:1])
    await places.put({RECORDS[0].window_id: (2, 8)}, RECORDS[:1])
    assert await places.read("d1", RECORDS) == {RECORDS[0].window_id: (2, 8)}
    [key] = [key async for key in store.redis.scan_iter("*:place:*")]
    assert 7 * 86_400 < await store.redis.ttl(key) <= 8 * 86_400
