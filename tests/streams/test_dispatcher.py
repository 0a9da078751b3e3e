from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import msgpack
import pytest

from infra import topics
from infra.settings import Settings
from schemas.frames import NS
from streams.engine.operator_stage import OperatorStage
from streams.engine.silence import StreamSilence
from streams.session_checkpoint import CheckpointError
from streams.windower import Windowing
from tests.operators.frames import (
    CONFIG,
    IMU_RATE,
    RATE,
    T0,
    Samples,
    audio_frames,
    imu,
    imu_frames,
    imu_signal,
)
from tests.simulation.agents import at_once, dispatcher
from tests.streams.engine.fakes import Checkpoints, Inbox, Queue

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from schemas import ImuFrame, Window
    from streams.live_view import LiveView

CLOCK_NS = T0 + 86_400 * NS
# Of motion alone: activities of two seconds in scenarios of four.
SECONDS = 10


class Dispatching:
    """The dispatcher in its stage, without a broker and networks."""

    def __init__(
        self,
        checkpoint: bytes | None = None,
        pause: Callable[[Window], Awaitable[None]] = at_once,
        **settings: Any,
    ) -> None:
        self.queue, self.inbox = Queue(), Inbox()
        own = Settings(_env_file=None, **settings)
        queue: Any = self.queue
        store: Any = Checkpoints({} if checkpoint is None else {"d": checkpoint})
        windowing = Windowing(own, Samples(), lambda: CLOCK_NS, CONFIG)
        self.dispatcher = dispatcher(own, windowing, pause)
        self.stage = OperatorStage(
            self.dispatcher,
            queue,
            StreamSilence(lambda: True, 5.0, 60.0),
            lambda: store,
            lambda: 1,
        )

    async def push(self, first: int = 0, last: int = SECONDS) -> None:
        await self.stage.take([self.inbox.receive(frame(s)) for s in range(first, last)])

    def starts(self, topic: str) -> list[int]:
        return [(message.start_ns - T0) // NS for message in self.queue.of(topic)]

    def checkpoint(self) -> bytes:
        [*_, checkpoint] = [each for o in self.queue.outcomes for each in o.checkpoints.values()]
        return checkpoint


def frame(second: int) -> ImuFrame:
    signal = imu_signal(50) + second
    return imu(second, T0 + second * NS, signal, final=second == SECONDS - 1, alone=True)


def failing_at(*windows: tuple[str, int]) -> Callable[[Window], Awaitable[None]]:
    async def pause(window: Window) -> None:
        if (window.kind, (window.start_ns - T0) // NS) in windows:
            raise ValueError("no network likes this")

    return pause


async def test_frames_become_activities_and_scenarios_on_their_partition() -> None:
    dispatching = Dispatching()
    await dispatching.push()
    assert dispatching.starts(topics.ACTIVITY) == [0, 2, 4, 6, 8]
    assert dispatching.starts(topics.SCENARIO) == [0, 4, 8]
    published = [each for outcome in dispatching.queue.outcomes for each in outcome.messages]
    assert {partition for _, partition, _ in published} == {3}
    assert {topic for topic, _, _ in published} == {topics.ACTIVITY, topics.SCENARIO}


async def test_frames_are_acknowledged_with_the_checkpoint_after_their_record() -> None:
    dispatching = Dispatching()
    await dispatching.push(last=7)
    # The seventh frame closes what ends with the sixth second, no record of which is out.
    assert dispatching.inbox.acked == [0, 1, 2, 3]
    [end] = [o for o in dispatching.queue.outcomes if o.tokens]
    assert list(end.checkpoints) == ["d"]
    outcomes = dispatching.queue.outcomes
    [record] = [o for o in outcomes if any(t == topics.SCENARIO for t, _, _ in o.messages)]
    assert outcomes.index(record) < outcomes.index(end)


async def test_after_a_crash_the_same_follows_from_what_was_not_acknowledged() -> None:
    whole, before = Dispatching(), Dispatching()
    await whole.push()
    await before.push(last=7)
    after = Dispatching(before.checkpoint())
    await after.push(first=4)
    assert after.starts(topics.ACTIVITY) == [4, 6, 8]
    for topic in (topics.ACTIVITY, topics.SCENARIO):
        messages = after.queue.of(topic)
        assert messages == whole.queue.of(topic)[-len(messages) :]


async def test_a_session_that_ended_keeps_numbers_alone() -> None:
    dispatching = Dispatching()
    await dispatching.push()
    [session] = dispatching.dispatcher._devices["d"].sessions.values()
    await asyncio.sleep(0)
    assert session.before is not None
    assert session.before.estimate is None
    assert isinstance(session.before.scenario_context, dict)
    assert isinstance(session.label_memory, tuple)
    assert isinstance(session.label_memory_before, tuple)
    assert isinstance(session.activity_memory, tuple)
    assert isinstance(session.activity_memory_before, tuple)
    assert isinstance(session.direction_memory, bytes)
    assert isinstance(session.direction_memory_before, bytes)
    assert not session.seconds
    assert not session.activities


async def test_activities_without_an_estimate_before_them_say_so_after_a_crash_too() -> None:
    failing = failing_at(("scenario", 0))
    whole, before = Dispatching(pause=failing), Dispatching(pause=failing)
    await whole.push()
    await before.push(last=7)
    after = Dispatching(before.checkpoint())
    await after.push(first=4)
    for dispatching in (whole, after):
        by_start = {(a.start_ns - T0) // NS: a for a in dispatching.queue.of(topics.ACTIVITY)}
        assert by_start[4].missing == by_start[6].missing == ["scenario.estimate 0/1"]
        assert by_start[8].missing == []
    assert whole.starts(topics.SCENARIO) == [4, 8]


async def test_a_window_that_an_agent_fails_at_is_a_dead_letter_and_missing() -> None:
    dispatching = Dispatching(pause=failing_at(("har", 2)))
    await dispatching.push()
    [letter] = dispatching.queue.of(topics.DEAD_LETTER)
    assert letter.origin == f"d/s/har/{T0 + 2 * NS}"
    assert (letter.topic, letter.partition, letter.stage) == ("windows", 3, "har")
    assert letter.error == "no network likes this"
    first, *_ = dispatching.queue.of(topics.SCENARIO)
    assert first.missing == ["audio", "activity 1/2"]
    assert sorted(dispatching.inbox.acked) == list(range(SECONDS))


async def test_the_checkpoint_of_an_earlier_release_still_says_where_a_device_is() -> None:
    before = Dispatching()
    await before.push(last=7)
    _, windows, _ = msgpack.unpackb(before.checkpoint())
    after = Dispatching(windows)
    await after.push(first=4)
    assert after.starts(topics.SCENARIO) == [4, 8]
    first, *_ = after.queue.of(topics.ACTIVITY)
    assert first.missing == ["scenario.estimate 0/1"]


async def test_the_checkpoint_of_a_newer_release_ends_the_worker_with_a_line() -> None:
    before = Dispatching()
    await before.push(last=7)
    version, windows, sessions = msgpack.unpackb(before.checkpoint())
    after = Dispatching(msgpack.packb([version + 1, windows, sessions, "more"]))
    with pytest.raises(
        CheckpointError,
        match=rf"^device 'd': checkpoint has version {version + 1}; expected {version} or less",
    ):
        await after.push(first=4)
    assert not after.inbox.acked


@pytest.mark.parametrize(("version", "kept"), [(2, 0), (3, 2), (4, 3), (5, 4)])
async def test_the_releases_before_kept_fewer_memories_and_all_else(
    version: int, kept: int
) -> None:
    before = Dispatching()
    await before.push(last=7)
    now, windows, [[name, upright, *memories]] = msgpack.unpackb(before.checkpoint())
    learned, last = memories[:5], memories[5:]
    _, labels, moved, position, directions = learned
    assert now == 6
    assert labels
    assert moved
    assert not position, "no window of these is long enough to show steps"
    assert directions == b"", "no window of these has sound"
    learned = learned[:kept]
    after = Dispatching(msgpack.packb([version, windows, [[name, upright, *learned, *last]]]))
    await after.push(first=4)
    assert after.starts(topics.SCENARIO) == [4, 8]
    assert all(not each.missing for each in after.queue.of(topics.ACTIVITY))


async def test_a_failed_window_of_motion_alone_leaves_the_memory_of_those_before() -> None:
    dispatching = Dispatching(pause=failing_at(("har", 2)))
    await dispatching.push()
    whole = Dispatching()
    await whole.push()
    kept, fewer = (
        {(a.start_ns - T0) // NS: a.activities for a in each.queue.of(topics.ACTIVITY)}
        for each in (whole, dispatching)
    )
    assert kept[0] == fewer[0]
    assert set(kept) - set(fewer) == {2}
    assert sum(fewer[4].values()) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("debug", [False, True])
async def test_windows_and_estimates_are_published_for_debugging_only(debug: bool) -> None:
    dispatching = Dispatching(debug_topics=debug)
    await dispatching.push()
    kinds = [window.kind for window in dispatching.queue.of(topics.WINDOWS)]
    assert (kinds.count("har"), kinds.count("scenario")) == ((5, 3) if debug else (0, 0))
    assert len(dispatching.queue.of(topics.SCENARIO_ESTIMATE)) == (3 if debug else 0)


async def test_nothing_stays_of_a_device_that_ended_and_its_next_session_is_as_after_a_crash() -> (
    None
):
    dispatching = Dispatching()
    await dispatching.push()
    assert list(dispatching.dispatcher.at_rest()) == ["d"]
    after_a_crash = Dispatching(dispatching.checkpoint())
    dispatching.dispatcher.forget_device("d")
    assert not dispatching.dispatcher.knows("d")
    assert not dispatching.dispatcher._devices
    dispatching.dispatcher.restore("d", dispatching.checkpoint())
    dispatching.queue.outcomes.clear()
    for each in (dispatching, after_a_crash):
        later = [
            frame(s).model_copy(update={"session_id": "t", "t_ns": T0 + (20 + s) * NS})
            for s in range(SECONDS)
        ]
        await each.stage.take([each.inbox.receive(each_frame) for each_frame in later])
    encoded = [
        [message.encode() for message in each.queue.of(topics.SCENARIO)]
        for each in (dispatching, after_a_crash)
    ]
    assert encoded[0] == encoded[1]
    assert encoded[0]


async def test_a_device_that_sends_is_not_at_rest() -> None:
    dispatching = Dispatching()
    await dispatching.push(0, 5)
    assert not list(dispatching.dispatcher.at_rest())


async def test_the_live_view_is_handed_windows_and_records() -> None:
    windows: list[str] = []
    made: list[str] = []
    live = SimpleNamespace(
        add_window=lambda window: windows.append(window.window_id),
        add_record=lambda record: made.append(type(record).__name__),
    )
    dispatching, alone = Dispatching(), Dispatching()
    dispatching.dispatcher._work._live = dispatching.dispatcher._work._attempts._live = cast(
        "LiveView", live
    )
    # One second of sound is one window of localization.
    frames = [*audio_frames(T0, SECONDS * RATE), *imu_frames(T0, round(SECONDS * IMU_RATE))]
    for each in (dispatching, alone):
        await each.stage.take([each.inbox.receive(frame) for frame in frames])
    assert len(windows) == SECONDS
    assert windows == [each.window_id for each in dispatching.queue.of(topics.SPATIAL)]
    assert (made.count("Activity"), made.count("Scenario")) == (5, 3)
    # And nothing else becomes of it.
    for topic in (topics.SPATIAL, topics.ACTIVITY, topics.SCENARIO):
        assert dispatching.queue.of(topic) == alone.queue.of(topic)
