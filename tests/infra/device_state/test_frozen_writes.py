"""What a process writes that was frozen while a device was erased: every way into the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from infra import metrics
from infra.daily_log.archive import lines, restore
from infra.daily_log.change_request import Change, CorrectionError
from infra.daily_log.decisions import Decisions
from infra.daily_log.editing import LogEditor
from infra.daily_log.export import ExportError
from infra.daily_log.record_offsets import RecordOffsets
from infra.daily_log.rollups import Rollup
from infra.daily_log.store import LogStore
from infra.device_state.checkpoints import Checkpoints, OwnedCheckpoints
from infra.device_state.corrected_windows import CorrectedWindows
from infra.device_state.live_states import LiveStates
from infra.device_state.window_pictures import WindowPictures
from infra.errors import ErasedError, TakenOverError
from infra.notifications.journal import Due, Journal
from infra.redis.erasure_marks import count_refused
from schemas import DeviceControl, FinetuneItem, Vector
from tests.infra.daily_log.corrected_log import correction, named_span
from tests.infra.daily_log.stored_records import T0, S, activity, refinement, scenario
from tests.infra.notifications.numbered import notification

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis

DEVICE, OTHER = "d", "other"
ERASED_MS = 1_000


def a_correction(device: str) -> Any:
    return correction(1, named_span(T0 / S, T0 / S + 30, "Eating"), device_id=device)


class Writer:
    """Writes something of a device in every way in which the pipeline does."""

    def __init__(self, redis: Redis) -> None:
        self.store = LogStore(redis, "app", 36_500)
        self.redis = redis
        self.owned = OwnedCheckpoints(redis, "app", None, owner="w1")

    async def scenarios(self, device: str, after_ms: int) -> object:
        return await self.store.put_scenarios([scenario(T0, device)], after_ms)

    async def refinements(self, device: str, after_ms: int) -> object:
        return await self.store.put_refined(
            [refinement(scenario(T0, device), ["Eating"])], after_ms
        )

    async def activities(self, device: str, after_ms: int) -> object:
        return await self.store.put_activities([activity(T0, device)], after_ms)

    async def corrections(self, device: str, after_ms: int) -> object:
        return await self.store.put_corrections([a_correction(device)], after_ms)

    async def rollups(self, device: str, after_ms: int) -> object:
        await self.store.rollups.put(device, "1", 0, Rollup(1, "{}", "{}"), after_ms)
        return None

    async def places(self, device: str, after_ms: int) -> object:
        places = {scenario(T0, device).window_id: (0, 1)}
        await RecordOffsets.of(self.store).put(places, [scenario(T0, device)], after_ms)
        return None

    async def decisions(self, device: str, after_ms: int) -> object:
        control = DeviceControl(device_id=device, state="paused")
        await Decisions.of(self.store).put(device, after_ms + 1, control)
        return None

    async def adapters(self, device: str, after_ms: int) -> object:
        put = Checkpoints(self.redis, "app").put
        return await put("wearer", {device: b"adapter"}, {device: after_ms})

    async def checkpoints(self, device: str, after_ms: int) -> object:
        try:
            await self.owned.get("windower", device)
            return await self.owned.put("windower", {device: b"state"}, {device: after_ms})
        except TakenOverError as error:
            return error

    async def corrected_windows(self, device: str, after_ms: int) -> object:
        embeddings = Vector.of(np.ones((2, 3)))
        item = FinetuneItem.of(scenario(T0, device), embeddings, ["Eating"], "wearer")
        return await CorrectedWindows(self.redis, "app").put([item], after_ms)

    async def live_states(self, device: str, after_ms: int) -> object:
        await LiveStates.of(self.store).put({device: {"sounds": []}}, {device: after_ms})
        return None

    async def pictures(self, device: str, after_ms: int) -> object:
        arrays = {"sound": np.ones((2, 3))}
        await WindowPictures.of(self.store).put(device, T0, arrays, 1, after_ms)
        return None

    async def notifications(self, device: str, after_ms: int) -> object:
        notified = [(notification(1, device), ["phone"])]
        try:
            await Journal.of(self.store).commit(device, None, b"state", T0, notified, after_ms)
        except ErasedError as error:
            return error
        return None


WAYS: dict[str, Callable[[Writer, str, int], Awaitable[object]]] = {
    name: way for name, way in vars(Writer).items() if not name.startswith("_")
}
# Those that tell the caller, which counts it.
TELLING = WAYS.keys() - {"rollups", "places", "decisions", "live_states", "pictures"}


async def keys_of(redis: Redis) -> dict[bytes, Any]:
    """Return all keys but the marks, with their values."""
    keys = [key async for key in redis.scan_iter() if key != b"app:log:erased"]
    return {key: await redis.dump(key) for key in keys}


@pytest.mark.parametrize("way", WAYS)
async def test_nothing_is_written_of_a_device_that_was_erased_meanwhile(
    redis: Redis, way: str
) -> None:
    writer = Writer(redis)
    await writer.store.erasures.erase(DEVICE, ERASED_MS)
    refusal = await WAYS[way](writer, DEVICE, 0)
    # Not even by one that knows of the erasure: the device is not resumed.
    await WAYS[way](writer, DEVICE, ERASED_MS)
    await WAYS[way](writer, DEVICE, ERASED_MS + 5)
    assert await keys_of(redis) == {}
    assert not await writer.store.knows(DEVICE)
    assert bool(refusal) == (way in TELLING)
    await WAYS[way](writer, OTHER, 0)
    assert await keys_of(redis)


@pytest.mark.parametrize("way", WAYS)
async def test_a_resumed_device_is_written_again_but_nothing_of_before(
    redis: Redis, way: str
) -> None:
    writer = Writer(redis)
    await writer.store.erasures.erase(DEVICE, ERASED_MS)
    await writer.store.erasures.resume(DEVICE, ERASED_MS)
    for after_ms in (0, ERASED_MS - 1):
        assert bool(await WAYS[way](writer, DEVICE, after_ms)) == (way in TELLING)
    # An owner is no data: the worker that reads next replaces it.
    await redis.delete("app:checkpoint-owner:windower:d")
    assert await keys_of(redis) == {}
    assert not await WAYS[way](writer, DEVICE, ERASED_MS)
    assert await keys_of(redis)


async def test_of_several_devices_the_others_are_written(redis: Redis) -> None:
    store, owned = LogStore(redis, "app", 36_500), OwnedCheckpoints(redis, "app", None, owner="w")
    await store.erasures.erase(DEVICE, ERASED_MS)
    records = [activity(T0, DEVICE), activity(T0, OTHER), activity(T0 + 5 * S, DEVICE)]
    assert await store.put_activities(records) == 2
    assert [each.device_id for each in await store.devices()] == [OTHER]
    assert await owned.put("windower", {DEVICE: b"1", OTHER: b"2"}) == {DEVICE}
    assert await owned.get("windower", OTHER) == b"2"
    assert await owned.get("windower", DEVICE) is None


async def test_a_worker_that_slept_over_erasure_and_resumption_acknowledges_nothing(
    redis: Redis,
) -> None:
    store, owned = LogStore(redis, "app", 36_500), OwnedCheckpoints(redis, "app", None, owner="w")
    await store.erasures.erase(DEVICE, ERASED_MS)
    await store.erasures.resume(DEVICE, ERASED_MS)
    with pytest.raises(TakenOverError, match="such as 'd': they were erased and resumed since"):
        await owned.put("windower", {OTHER: b"2", DEVICE: b"1"})
    assert await owned.get("windower", OTHER) == b"2"


async def test_what_is_refused_is_counted() -> None:
    before = metrics.dropped.labels(stage="log", reason="erased")._value.get()
    count_refused("log", 0)
    count_refused("log", 3)
    assert metrics.dropped.labels(stage="log", reason="erased")._value.get() == before + 3


async def test_marks_come_back_with_the_decisions_where_the_store_lost_them(redis: Redis) -> None:
    store = LogStore(redis, "app", 36_500)
    decisions = Decisions.of(store)
    erased = DeviceControl(device_id=DEVICE, state="erased", erased_ms=ERASED_MS)
    await decisions.put(DEVICE, ERASED_MS, erased)
    assert await store.erasures.read(DEVICE) == -ERASED_MS
    back = DeviceControl(device_id=DEVICE, state="active", erased_ms=ERASED_MS)
    await decisions.put(DEVICE, 2_000, back)
    assert await store.erasures.read(DEVICE) == ERASED_MS
    assert [each.control.state for each in await decisions.read(DEVICE)] == ["active"]


async def test_a_delivery_of_an_erased_notification_is_not_noted(redis: Redis) -> None:
    journal = Journal(redis, "app")
    notified = notification(1, DEVICE)
    await journal.commit(DEVICE, None, b"state", None, [(notified, ["phone"])])
    due = await journal.take()
    assert due == Due(notified, "phone", 0)
    await journal.erase(DEVICE)
    await journal.note(due, "waiting", "away", again_s=5.0)
    assert await keys_of(redis) == {}


async def test_a_deletion_that_slept_leaves_no_counter(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LogStore(redis, "app", 36_500)
    await store.put_activities([activity(T0, DEVICE)])
    ids = await store._index.ids(("activity",), DEVICE, T0, T0 + S)
    await store.erase(DEVICE)

    async def as_read_before(*_: object) -> list[list[str]]:
        return [[], [], *ids]

    monkeypatch.setattr(store._index, "ids", as_read_before)
    assert (await store.delete(DEVICE, T0, T0 + S)).activities == 1
    assert await keys_of(redis) == {}


async def test_the_log_of_an_erased_device_is_restored_on_purpose_only(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LogStore(redis, "app", 36_500)
    await store.put_activities([activity(T0, DEVICE)])
    backup = [line async for line in lines(store, DEVICE, 0, T0 + S)]
    await store.erase(DEVICE)
    await store.erasures.erase(DEVICE, ERASED_MS)
    assert (await restore(store, backup)).counts.activities == 1
    assert (await store.count(DEVICE)).activities == 1
    await store.erase(DEVICE)
    # Read before it was erased once more.
    monkeypatch.setattr(store.erasures, "read", mark_of_before)
    with pytest.raises(ExportError, match="device 'd' was erased while its log was restored"):
        await restore(store, backup)
    assert await keys_of(redis) == {}


async def mark_of_before(device: str) -> int:
    return 0


async def test_the_log_of_an_erased_device_is_not_corrected(redis: Redis) -> None:
    store = LogStore(redis, "app", 36_500)
    await store.erasures.erase(DEVICE, ERASED_MS)
    published: list[object] = []

    async def publish(each: object) -> None:
        published.append(each)

    editor = LogEditor(store, publish, {})
    change = Change(device=DEVICE, action="note", row="scenario", author="wearer", note="no")
    with pytest.raises(CorrectionError, match="device 'd' was erased"):
        await editor.change(change)
    assert not published
