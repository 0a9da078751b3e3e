"""Frames → `spatial`, `activity` and `scenario`: hands windows and results on in memory.

All frames of a device go to one worker, so nothing between them and the records goes through the
broker. The inputs of an agent from another one depend on event time alone:

    frames ─► windower ┬► localization ─────────┬► har ──────┬► scenario joiner
                       └► scenario estimator ───┴────────────┘  (sound events near and far)
                          (of the thirty seconds before, for har; without far-only segments)

**After a crash.** A frame is acknowledged once the record of its thirty seconds, and with it all
earlier results, is published; everything in between is computed again from frames, with the same
ids. State that outlives the thirty seconds is in the device's checkpoint: how far its sessions were
emitted, the position from its frames, each session's upright, label memory, activity memory,
position evidence, microphone balance and memory of directions, the scenario context from the last
estimate for the following activities, and the estimates of the minutes before.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from infra import topics
from streams import live_view
from streams.attempts import Attempts, values, within
from streams.engine.operator_stage import Pending
from streams.engine.outcome import Outcome
from streams.engine.silence import StreamSilence
from streams.har import ActivityEstimator, is_motion_alone, upright_after
from streams.kept_features import kept_by
from streams.localization import SpatialEstimator, balance_after
from streams.position import position_after, worn_at
from streams.scenario_estimator import ScenarioEstimator
from streams.scenario_joiner import ScenarioJoiner
from streams.session_checkpoint import CheckpointError, SessionBefore, checkpoint_outcome, unpack
from streams.session_memory import (
    LastEstimate,
    activity_memory_after,
    label_memory_after,
    memory_values,
    smoothed_activity,
)
from streams.session_work import DeviceWork, SessionWork
from streams.sound_ahead import OpenWindow
from streams.sound_events import SoundSeparator
from streams.windower import Windowing, featurizer

if TYPE_CHECKING:
    from collections.abc import (
        Awaitable,
        Callable,
        Coroutine,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

    from infra.settings import Settings
    from models.lanhar.step_position import StepPosition
    from models.serving.segment_sounds import SoundAhead
    from operators.windowed import Windowed
    from schemas import Activity, BodyPosition, Scenario, ScenarioEstimate, Spatial, Window
    from schemas.position import Place
    from streams.attempts import Task
    from streams.engine.app import EgoLogApp
    from streams.engine.kafka.received import Received, Token
    from streams.engine.operator_stage import Step
    from streams.engine.silence import AwaitedSession
    from streams.har import RankedWindow
    from streams.live_view import LiveView
    from streams.session_memory import Memory
    from streams.session_work import SessionState

log = logging.getLogger(__name__)

SOURCES = (topics.AUDIO_FRAMES, topics.IMU_FRAMES)
_TOPICS = {"audio": topics.AUDIO_FRAMES, "imu": topics.IMU_FRAMES}
# Maximum frames per job of the pool: enough to make the hand-over cheap, few enough that windows
# are emitted while a backlog is read.
_FRAMES_AT_ONCE = 16
# A broker without news answers every 1.5 s.
_ANSWER_S = 3.0


class Dispatcher:
    """Cuts frames into windows and computes their results; an `OperatorStage` drives it.

    `keep` receives each scenario window, whose picture the page shows with the record; `live`
    receives windows and results for the live view. `positions` estimates the position of devices
    whose frames have none.

    Frames are pushed in any thread; the following work starts on the event loop, in the order in
    which the windows were emitted.
    """

    def __init__(
        self,
        settings: Settings,
        windowing: Windowing,
        localizer: SpatialEstimator,
        estimator: ScenarioEstimator,
        recognizer: ActivityEstimator,
        separator: SoundSeparator,
        joiner: ScenarioJoiner,
        keep: Callable[[Window], Awaitable[None]] | None = None,
        live: LiveView | None = None,
        positions: Callable[[], StepPosition | None] = lambda: None,
    ) -> None:
        self._attempts = Attempts(settings, live)
        self._windowing = windowing
        self._localizer = localizer
        self._estimator = estimator
        self._recognizer = recognizer
        self._separator = separator
        self._joiner = joiner
        self._keep = keep
        self._live = live
        self._positions = positions
        self._devices: dict[str, DeviceWork] = {}
        # The event loop keeps only weak references to tasks.
        self._preparing: set[asyncio.Task[None]] = set()

    def knows(self, device_id: str) -> bool:
        """Return whether this device's checkpoint was restored or found absent."""
        return self._windowing.knows(device_id)

    def knows_session(self, device_id: str, session_id: str) -> bool:
        """Return whether there is state of a device's session."""
        return self._windowing.knows_session(device_id, session_id)

    def restore(self, device_id: str, checkpoint: bytes | None) -> None:
        """Restore a device from its checkpoint; None for a device without one.

        Raises `CheckpointError` for one of a newer release.
        """
        try:
            windows, sessions = unpack(checkpoint)
        except CheckpointError as error:
            raise CheckpointError(f"device {device_id!r}: {error}") from None
        self._windowing.restore(device_id, windows)
        self._devices[device_id] = DeviceWork(sessions)

    def forget(self) -> None:
        """Drop all state: the partitions were revoked and will be read again."""
        self._windowing.forget()
        self._devices.clear()

    def at_rest(self) -> Iterator[str]:
        """Yield the devices without data that was not emitted yet."""
        return self._windowing.at_rest()

    def forget_device(self, device_id: str) -> None:
        """Drop the state of a device at rest, until it is restored."""
        self._windowing.forget_device(device_id)
        self._devices.pop(device_id, None)

    def stream(self, message: Any) -> str:
        """Return a frame's modality."""
        return self._windowing.stream(message)

    def push(self, received: Received[Any]) -> list[Step]:
        """Process a frame; raises `OperatorError` if it is unusable."""
        windowed = self._windowing.push(received)
        device_id = received.message.device_id
        self._devices[device_id].partition = received.partition
        return list(self._steps(device_id, windowed))

    def waiting(self) -> Iterator[AwaitedSession]:
        """Yield the sessions that hold frames, with the modalities that are behind."""
        return self._windowing.waiting()

    def give_up(self, session: AwaitedSession, streams: Sequence[str]) -> Iterable[Step]:
        """Stop waiting for silent modalities of a session, until they send again."""
        return list(self._steps(session.device_id, self._windowing.give_up(session, streams)))

    def _steps(self, device_id: str, windowed: Windowed[Token]) -> Iterator[Step]:
        """Yield the work on the emitted windows, and the tokens to acknowledge after it."""
        device = self._devices[device_id]
        # Later windows of the same push belong to the next thirty seconds.
        closing = next((w for w in reversed(windowed.windows) if w.kind == "scenario"), None)
        for window in windowed.windows:
            session = device.sessions.setdefault(window.session_id, SessionWork())
            if window.kind == "spatial":
                session.state = replace(
                    session.state, balance=balance_after(session.state.balance, window)
                )
                localize = partial(self._localize, device, session, window, session.state.balance)
                yield Pending(localize, [])
            elif window.kind == "har":
                session.state = replace(
                    session.state,
                    upright=upright_after(session.state.upright, window),
                    position=position_after(self._positions(), session.state.position, window),
                )
                recognise = partial(self._recognise, device, session, window, session.state)
                yield Pending(recognise, [])
            else:
                session.state_before = session.state
                yield Pending(partial(self._estimate, device, session, window), [])
                worn = worn_at(window, session.state.position)
                yield Pending(partial(self._join, device, session, window, worn), [])
            if window is closing:
                yield self._end(device_id, windowed)
        if closing is None and windowed.checkpoints:
            yield self._end(device_id, windowed)
        elif closing is None and windowed.released:
            yield Outcome(tokens=windowed.released)

    def _end(self, device_id: str, windowed: Windowed[Token]) -> Pending:
        """Return the work after the records of thirty seconds are published."""
        states = {n: s.state_before for n, s in self._devices[device_id].sessions.items()}
        checkpoint = windowed.checkpoints[device_id]
        work = partial(self._acknowledge, device_id, checkpoint, states, windowed.released)
        return Pending(work, windowed.released)

    def _localize(
        self, device: DeviceWork, session: SessionWork, window: Window, balance: Sequence[float]
    ) -> Task[Spatial]:
        work = partial(self._localizer.localize, window, balance, session.direction_memory)
        task = self._attempts.begin("localization", device.partition, window, work)
        session.seconds[window.start_ns] = session.direction_memory = task
        if self._live is not None:
            self._live.add_window(window)
        sound = session.open_window.push(window)
        if sound is not None:
            preparing = asyncio.get_running_loop().create_task(self._prepare(sound))
            self._preparing.add(preparing)
            preparing.add_done_callback(self._preparing.discard)
        return task

    async def _prepare(self, sound: SoundAhead) -> None:
        try:
            await self._estimator.prepare(sound)
        except Exception as error:  # noqa: BLE001 - the window itself will fail, and is told of
            log.debug("nothing is prepared: %s", error)

    def _estimate(
        self, device: DeviceWork, session: SessionWork, window: Window
    ) -> Task[ScenarioEstimate]:
        work = partial(self._scenario, window, within(session.seconds, window))
        task = self._attempts.begin("scenario", device.partition, window, work)
        session.before = LastEstimate.of(window.start_ns, task, session.before)
        session.label_memory_before = session.label_memory
        session.activity_memory_before = session.activity_memory
        session.direction_memory_before = session.direction_memory
        return task

    def _recognise(
        self, device: DeviceWork, session: SessionWork, window: Window, state: SessionState
    ) -> Task[Activity]:
        seconds, before = within(session.seconds, window), None
        if session.before is not None and session.before.start_ns == window.after:
            before = session.before
        loop, earlier = asyncio.get_running_loop(), session.label_memory
        estimated = worn_at(window, state.position)
        worn = None if estimated is None else estimated.at
        ranking = loop.create_task(self._rank(window, state.upright, earlier, worn))
        session.label_memory = loop.create_task(label_memory_after(earlier, ranking))
        alone = loop.create_task(self._activity(window, seconds, before, state.upright, ranking))
        memory: Memory | None = None
        if is_motion_alone(window):
            after = activity_memory_after(session.activity_memory, alone, worn)
            memory = session.activity_memory = loop.create_task(after)
        work = partial(smoothed_activity, alone, memory, worn)
        task = self._attempts.begin("har", device.partition, window, work)
        session.activities[window.start_ns] = task
        return task

    async def _rank(
        self, window: Window, upright: Sequence[float], earlier: Memory, worn: Place | None
    ) -> RankedWindow:
        return await self._recognizer.rank(window, upright, await memory_values(earlier), worn)

    def _join(
        self, device: DeviceWork, session: SessionWork, window: Window, worn: BodyPosition | None
    ) -> Task[Scenario]:
        seconds = within(session.seconds, window)
        activities = within(session.activities, window)
        session.seconds.clear()
        session.activities.clear()
        session.open_window = OpenWindow()
        estimated = session.before
        assert estimated is not None  # noqa: S101 - begun just before, by `_steps`
        work = partial(self._record, window, estimated, seconds, activities, worn)
        return self._attempts.begin("join", device.partition, window, work)

    async def _scenario(self, window: Window, seconds: Sequence[Task[Spatial]]) -> ScenarioEstimate:
        return await self._estimator.estimate(window, await values(seconds))

    async def _activity(
        self,
        window: Window,
        seconds: Sequence[Task[Spatial]],
        before: LastEstimate | None,
        upright: Sequence[float],
        ranking: asyncio.Task[RankedWindow],
    ) -> Activity:
        localized = await values(seconds)
        missing = _missing(topics.SPATIAL, localized, window.parts.get("spatial", 0))
        scenarios = None if before is None else await before.scenarios()
        if window.after is not None and scenarios is None:
            missing.append(f"{topics.SCENARIO_ESTIMATE} 0/1")
        return await self._recognizer.estimate(
            window, localized, scenarios or {}, missing, upright, ranking
        )

    async def _record(
        self,
        window: Window,
        estimated: LastEstimate,
        seconds: Sequence[Task[Spatial]],
        activities: Sequence[Task[Activity]],
        worn: BodyPosition | None,
    ) -> Scenario | None:
        localized, recognised = await values(seconds), await values(activities)
        missing = [
            *_missing(topics.SPATIAL, localized, window.parts.get("spatial", 0)),
            *_missing(topics.ACTIVITY, recognised, window.parts.get("har", 0)),
        ]
        estimate = None if estimated.estimate is None else (await estimated.estimate).value
        if estimate is None:
            return None
        apart = await self._separator.apart(window, estimate, localized)
        estimate = await estimated.smooth(estimate)
        if self._keep is not None:
            await self._keep(window)
        return self._joiner.record(estimate, localized, recognised, missing, apart, worn)

    def _acknowledge(
        self,
        device_id: str,
        windows: bytes,
        states: Mapping[str, SessionState],
        tokens: list[Token],
    ) -> Coroutine[Any, Any, Outcome]:
        sessions = self._devices[device_id].sessions
        known = self._windowing.sessions(device_id)
        for name in [name for name in sessions if name not in known]:
            del sessions[name]
        # Copied now: later changes belong to the next thirty seconds.
        before = [
            SessionBefore(
                name,
                session,
                session.before,
                session.label_memory_before,
                session.activity_memory_before,
                session.direction_memory_before,
            )
            for name, session in sessions.items()
            if name in states
        ]
        return checkpoint_outcome(device_id, windows, states, before, tokens)


def _missing(kind: str, parts: Sequence[Any], count: int) -> list[str]:
    return [f"{kind} {len(parts)}/{count}"] if len(parts) < count else []


def register(app: EgoLogApp) -> None:
    """Add the agent that reads frames to the app, with those that process the windows."""
    settings = app.settings
    dispatcher = Dispatcher(
        settings,
        Windowing(settings, featurizer(settings)),
        SpatialEstimator(settings, lambda: app.runtime),
        ScenarioEstimator(settings, lambda: app.runtime),
        ActivityEstimator(settings, lambda: app.runtime),
        SoundSeparator(lambda: app.runtime),
        ScenarioJoiner(settings),
        kept_by(settings, lambda: app.runtime) if settings.keep_features_h else None,
        live_view.register(app),
        lambda: app.runtime.positions,
    )
    queue = app.publish_queue("windower", agents=5)

    def caught_up(*names: str) -> bool:
        # Frames that were read but not processed for lack of room are not silence.
        return app.caught_up(*names) and not queue.has_unhandled

    silence = StreamSilence(
        lambda: caught_up(*SOURCES),
        settings.idle_timeout_s,
        settings.session_end_timeout_s,
        lambda stream: caught_up(_TOPICS[stream]),
        settings.stream_behind_max_s,
        lambda: app.is_answered(*SOURCES, within_s=max(_ANSWER_S, settings.idle_timeout_s / 2)),
    )
    stage = app.operator_stage(dispatcher, queue, silence)
    app.reader(
        "windower",
        SOURCES,
        lambda stream: stage.read_batches(stream, _FRAMES_AT_ONCE),
        in_turns=True,
    )
