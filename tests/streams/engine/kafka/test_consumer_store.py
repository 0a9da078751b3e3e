"""A consumer tells the store how far it commits, and reads again what the store does not reach."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.types import TP

from infra import metrics, topics
from infra.errors import StoreError
from infra.topics import RAW
from tests.streams.engine.kafka.one_partition import Broker

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from streams.engine.kafka.consumer import Consumer

SOUND, RECORDS = TP(topics.AUDIO_FRAMES, 0), TP(topics.SCENARIO, 0)


class Store:
    """Stored offsets without a Redis."""

    def __init__(self, offsets: Mapping[TP, int]) -> None:
        self.offsets = dict(offsets)
        self.fails = self.is_another_copy = False

    async def read(self, partitions: Collection[TP]) -> dict[TP, int]:
        if self.fails:
            raise StoreError("stored offsets cannot be read: no connection")
        return {tp: end for tp, end in self.offsets.items() if tp in partitions}

    async def begin(self, offsets: Mapping[TP, int]) -> bool:
        return await self.advance({**offsets, **self.offsets})

    async def advance(self, offsets: Mapping[TP, int]) -> bool:
        if self.fails:
            raise StoreError("stored offsets cannot be written: no connection")
        if self.is_another_copy:
            return False
        self.offsets.update(offsets)
        return True


class Rig:
    """A consumer of two partitions with commits, and a store that reaches `offsets`."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        offsets: Mapping[TP, int],
        *,
        marked: bool = True,
        first: int = 0,
    ) -> None:
        self.store = Store(offsets)
        self.commits: dict[TP, int | None] = {SOUND: 9, RECORDS: 5}
        self.sought: dict[TP, int] = {}
        self.rejoined = 0
        self.ended: list[str] = []
        self.consumer: Consumer = Broker(monkeypatch).consumer
        consumer: Any = self.consumer
        consumer._gate = None
        consumer._era = 0
        consumer._read_offset, consumer._committed_offset = {}, {}
        consumer.app = SimpleNamespace(
            stored_offsets=self.store,
            settings=SimpleNamespace(topic=lambda name: name),
            end=lambda error: self.ended.append(str(error)),
        )
        rig = self

        async def stored_commits(partitions: list[TP]) -> dict[TP, int | None]:
            return {tp: rig.commits[tp] for tp in partitions} if marked else {}

        async def rejoin() -> None:
            rig.rejoined += 1

        consumer._thread = SimpleNamespace(stored_commits=stored_commits, rejoin=rejoin)

        async def seek_to_committed(_: object) -> dict[TP, int | None]:
            return rig.commits

        async def seek(_: object, tp: TP, offset: int) -> None:
            rig.sought[tp] = offset

        async def earliest_offsets(_: object, *partitions: Any) -> dict[TP, int]:
            return dict.fromkeys(partitions, first)

        async def commit(_: object, offsets: Mapping[TP, int], *__: object) -> bool:
            # The store was told before.
            assert all(rig.store.offsets[tp] >= offset for tp, offset in offsets.items())
            rig.commits.update(offsets)
            return True

        for name, replaced in (
            ("seek_to_committed", seek_to_committed),
            ("seek", seek),
            ("earliest_offsets", earliest_offsets),
            ("_commit_offsets", commit),
        ):
            monkeypatch.setattr(FaustConsumer, name, replaced)

    async def commit(self, tp: TP, *acknowledged: int) -> bool:
        self.consumer._acked[tp] += acknowledged
        self.consumer._acked_index[tp].update(acknowledged)
        offsets = self.consumer._filter_committable_offsets(
            list(self.consumer._filter_tps_with_pending_acks())
        )
        return bool(offsets) and await self.consumer._commit_offsets(offsets)


async def test_partitions_are_read_from_what_the_store_reaches(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(monkeypatch, {SOUND: 6, RECORDS: 5})
    again = metrics.read_again._value.get()
    await rig.consumer.perform_seek()
    assert rig.sought == {SOUND: 6}
    assert rig.consumer._next == {SOUND: 6, RECORDS: 5}
    assert rig.consumer._offsets.uncommitted == {SOUND: 6, RECORDS: 5}
    assert caplog.messages == [
        "the store lost its latest writes: 3 messages of 1 partitions are read again"
    ]
    assert metrics.read_again._value.get() == again + 3
    # What is acknowledged anew is committed anew, before the earlier commit.
    assert await rig.commit(SOUND, 6, 7)
    assert rig.commits[SOUND] == 8


@pytest.mark.parametrize(
    ("offsets", "marked"),
    [({SOUND: 9, RECORDS: 7}, True), ({SOUND: 6}, False), ({}, False)],
    ids=["reaches", "of an earlier release", "of an earlier release, without any"],
)
async def test_a_store_that_reaches_the_commits_or_was_not_told_of_them_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    offsets: dict[TP, int],
    marked: bool,
) -> None:
    rig = Rig(monkeypatch, offsets, marked=marked)
    await rig.consumer.perform_seek()
    assert rig.sought == {}
    assert rig.consumer._next == {SOUND: 9, RECORDS: 5}
    assert not caplog.messages
    # From now on no copy of the store is without them.
    assert rig.store.offsets.keys() == {SOUND, RECORDS}


async def test_what_the_broker_deleted_is_counted_and_the_rest_only_learned_from(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(monkeypatch, {}, first=4)
    gone = metrics.read_again_gone._value.get()
    await rig.consumer.perform_seek()
    assert rig.sought == {SOUND: 4}
    assert metrics.read_again_gone._value.get() == gone + 4
    assert len(caplog.messages) == 1
    frames: list[Any] = [SimpleNamespace(tp=SOUND, offset=offset) for offset in (4, 8, 9)]
    assert [rig.consumer.is_published(each) for each in frames] == [True, True, False]
    record: Any = SimpleNamespace(tp=RECORDS, offset=0)
    assert not rig.consumer.is_published(record)


async def test_nothing_is_committed_while_the_store_is_away_and_all_once_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = Rig(monkeypatch, {SOUND: 9, RECORDS: 5})
    await rig.consumer.perform_seek()
    rig.store.fails = True
    assert not await rig.commit(SOUND, 9, 10)
    assert not await rig.commit(RECORDS, 5)
    assert rig.commits == {SOUND: 9, RECORDS: 5}
    rig.store.fails = False
    assert await rig.commit(SOUND)
    assert rig.commits == rig.store.offsets == {SOUND: 11, RECORDS: 6}
    assert not await rig.commit(SOUND)


async def test_a_store_that_is_another_copy_has_the_partitions_taken_over_once_more(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(monkeypatch, {SOUND: 9, RECORDS: 5})
    await rig.consumer.perform_seek()
    rig.store.is_another_copy = True
    assert not await rig.commit(SOUND, 9)
    assert not await rig.commit(SOUND, 10)
    await rig.consumer.read_again()
    assert rig.rejoined == 1
    assert caplog.messages == [
        "the store is another copy than before: the partitions are taken over again"
    ]
    assert rig.commits == {SOUND: 9, RECORDS: 5}
    rig.store.is_another_copy = False
    rig.store.offsets[SOUND] = 7
    await rig.consumer.perform_seek()
    assert rig.sought == {SOUND: 7}
    assert await rig.commit(SOUND, 7)
    assert rig.commits[SOUND] == 8


async def test_a_store_that_does_not_say_how_far_it_reaches_ends_the_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = Rig(monkeypatch, {})
    rig.store.fails = True
    with pytest.raises(asyncio.CancelledError):
        await rig.consumer.perform_seek()
    assert rig.ended == ["stored offsets cannot be read: no connection"]


async def test_once_the_store_is_closed_nothing_is_committed_that_it_was_not_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = Rig(monkeypatch, {SOUND: 9, RECORDS: 5})
    await rig.consumer.perform_seek()
    app: Any = rig.consumer.app
    app.stored_offsets = None
    assert not await rig.commit(SOUND, 9)
    assert rig.commits[SOUND] == 9


def test_only_frames_are_learned_from_again() -> None:
    assert {SOUND.topic, topics.IMU_FRAMES} == set(RAW)
