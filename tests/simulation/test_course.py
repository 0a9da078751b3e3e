from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from streams import dispatcher, session_checkpoint
from streams.engine.kafka.reading_again import ReadingAgain
from tests.simulation import course, world
from tests.simulation.course import differences

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from faust.types import TP

    from streams.session_memory import LastEstimate
    from streams.session_work import SessionWork

SEEDS = 100
AT_ONCE = 10


@pytest.fixture(autouse=True)
def _failures_are_expected() -> Iterator[None]:
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
async def test_faults_change_nothing(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        assert await differences(seed) == [], f"python -m tests.simulation --first {seed} --seeds 1"


async def test_a_seed_has_one_course_of_events() -> None:
    logs = []
    for _ in range(2):
        chance = course.Random(3)
        faulty = world.World(course.recordings(chance), course.Random(4))
        faulty.faulty = True
        await course._run(faulty)
        logs.append(list(faulty.log.records.items()))
    assert logs[0] == logs[1]


async def test_what_is_acknowledged_too_early_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    # A frame that is acknowledged before its windows are out is lost with the first crash.
    original = world.Worker._receive

    def acknowledge_at_once(worker: world.Worker, tp: tuple[str, int], offset: int) -> object:
        received = original(worker, tp, offset)
        received.token.acknowledge()
        return received

    monkeypatch.setattr(world.Worker, "_receive", acknowledge_at_once)
    assert any([await differences(seed) for seed in range(5)])


async def test_what_a_checkpoint_leaves_out_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def put(
        worker: world.Worker, stage: str, items: dict[str, bytes], after_ms: dict[str, int]
    ) -> set[str]:
        """Store nothing."""
        return set()

    monkeypatch.setattr(world.Worker, "put", put)
    assert any([await differences(seed) for seed in range(5)])


class _LateCheckpoint:
    """The first checkpoint is written late: its worker freezes, and wakes beside a later one's.

    The worker that wrote meanwhile is killed, and a third one goes on.
    """

    def __init__(self, put: Callable[..., Awaitable[set[str]]]) -> None:
        self._put = put
        self._frozen: world.Worker | None = None
        self._since: Counter[str] = Counter()

    async def put(
        self,
        worker: world.Worker,
        stage: str,
        items: dict[str, bytes],
        after_ms: dict[str, int],
    ) -> set[str]:
        around = worker._world
        if around.faulty and self._frozen is None:
            self._frozen = worker
            await around.freeze_worker(worker)
            while any(self._since[device] < 2 for device in items) and not around.is_all_committed:
                await asyncio.sleep(0)
            [owner] = around.members
            worker.is_frozen = False
            try:
                return await self._put(worker, stage, items, after_ms)
            finally:
                owner.commit()
                await around.kill_worker(owner)
                await around.start_worker()
        erased = await self._put(worker, stage, items, after_ms)
        if around.faulty:
            self._since.update(items.keys())
        return erased


async def _put_for_anyone(
    worker: world.Worker, stage: str, items: dict[str, bytes], after_ms: dict[str, int]
) -> set[str]:
    del stage, after_ms
    worker._world.store.checkpoints |= items
    return set()


@pytest.mark.parametrize(("put", "kept"), [(world.Worker.put, True), (_put_for_anyone, False)])
async def test_a_checkpoint_of_a_worker_that_was_evicted_does_not_replace_a_later_one(
    monkeypatch: pytest.MonkeyPatch, put: Callable[..., Awaitable[set[str]]], kept: bool
) -> None:
    async def nothing(_: world.World) -> None:
        pass

    monkeypatch.setattr(course, "_disturb", nothing)
    monkeypatch.setattr(course, "_RECOVERS", 0.0)
    changed = []
    for seed in range(5):
        late = _LateCheckpoint(put)
        monkeypatch.setattr(
            world.Worker,
            "put",
            lambda worker, stage, items, after_ms, late=late: late.put(
                worker, stage, items, after_ms
            ),
        )
        changed += await differences(seed)
    assert (not changed) == kept


def _forget_microphones(session: SessionWork) -> None:
    session.state = session.state_before = replace(session.state, balance=())


def _forget_directions(session: SessionWork) -> None:
    session.direction_memory = session.direction_memory_before = b""


@pytest.mark.parametrize("forget", [_forget_microphones, _forget_directions])
async def test_what_a_checkpoint_forgets_of_a_session_is_noticed(
    monkeypatch: pytest.MonkeyPatch, forget: Callable[[SessionWork], None]
) -> None:
    unpack = dispatcher.unpack

    def forgetful(checkpoint: bytes | None) -> object:
        windows, sessions = unpack(checkpoint)
        for session in sessions.values():
            forget(session)
        return windows, sessions

    monkeypatch.setattr(dispatcher, "unpack", forgetful)
    assert any([await differences(seed) for seed in range(5)])


async def test_minutes_that_a_checkpoint_forgets_are_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed = session_checkpoint.pack

    async def forget(last: LastEstimate) -> list[object]:
        return [*(await packed(last))[:2], []]

    monkeypatch.setattr(session_checkpoint, "pack", forget)
    assert any([await differences(seed) for seed in range(5)])


async def test_a_store_that_lost_its_last_writes_is_simulated() -> None:
    chance = course.Random(0)
    faulty = world.World(course.recordings(chance), course.Random(1))
    faulty.faulty = True
    await course._run(faulty)
    assert faulty.failovers


async def test_what_lies_between_an_older_checkpoint_and_the_commits_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(world, "reading_again", lambda *_: ReadingAgain())
    assert any([await differences(seed) for seed in range(5)])


async def test_a_worker_that_takes_another_copy_for_its_own_store_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commit = world.Worker.commit

    def unaware(worker: world.Worker) -> None:
        worker._history = worker._world.store.history
        commit(worker)

    monkeypatch.setattr(world.Worker, "commit", unaware)
    assert any([await differences(seed) for seed in range(5)])


async def _get_from_any_copy(worker: world.Worker, stage: str, device_id: str) -> bytes | None:
    sought, worker._history = worker._history, worker._world.store.history
    try:
        return await _GET(worker, stage, device_id)
    finally:
        worker._history = sought


_GET = world.Worker.get


@pytest.mark.parametrize(("get", "kept"), [(_GET, True), (_get_from_any_copy, False)])
async def test_a_checkpoint_of_another_copy_than_the_offsets_is_not_gone_on_from(
    monkeypatch: pytest.MonkeyPatch,
    get: Callable[[world.Worker, str, str], Awaitable[bytes | None]],
    kept: bool,
) -> None:
    take_over = world.Worker.take_over

    def beside_a_failover(worker: world.Worker, partitions: list[TP]) -> None:
        take_over(worker, partitions)
        around = worker._world
        if around.faulty and around.chance.random() < 0.3:
            around.fail_over()

    monkeypatch.setattr(world.Worker, "take_over", beside_a_failover)
    monkeypatch.setattr(world.Worker, "get", get)
    changed = [each for seed in range(12) for each in await differences(seed)]
    assert (not changed) == kept
