from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from streams import dispatcher, session_checkpoint
from tests.simulation import course, world
from tests.simulation.course import differences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    async def put(worker: world.Worker, stage: str, items: dict[str, bytes]) -> None:
        """Store nothing."""

    monkeypatch.setattr(world.Worker, "put", put)
    assert any([await differences(seed) for seed in range(5)])


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
