"""Frames → `spatial`, `activity` and `scenario`: hands windows and results on in memory.

All of a device is in one worker, so nothing between its frames and its records goes through the
broker. What an agent needs of another is a matter of event time alone:

    frames ─► windower ┬► localization ─────────┬► har ──────┬► scenario joiner
                       └► scenario estimator ───┴────────────┘  (sound events near and far)
                          (of the thirty seconds before, for har; without what is far only)

**What outlives a crash.** A frame is acknowledged once the record of its thirty seconds, and with
it all results before, is published; then all in between is made again from frames, with the same
ids. What reaches over the end of thirty seconds is in the device's checkpoint: up to where its
sessions were handed out and where its frames said that the device was worn, the upright of each
session's wearer and what its windows say of the next one's label and activity and of the device's
position, the balance of its microphones, what the last estimate says to the activities after it,
and the estimates of the minutes before.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

import msgpack

from infra import metrics, topics
from models.egolog.scenario_memory import MEMORY_S
from operators.recent_estimates import estimates_after
from streams import live_view
from streams.class_mix import count_activity
from streams.engine.dead_letters import dead_window, to_dead_letter
from streams.engine.operator_stage import Pending
from streams.engine.outcome import Outcome, ValuedOutcome
from streams.engine.silence import StreamSilence
from streams.har import ActivityEstimator, is_motion_alone, memory_after, upright_after
from streams.har import with_memory as with_activity_memory
from streams.kept_features import kept_by
from streams.localization import SpatialEstimator, balance_after
from streams.position import position_after, worn_at
from streams.scenario_estimator import ScenarioEstimator, context, with_memory
from streams.scenario_joiner import ScenarioJoiner
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
    from schemas import (
        Activity,
        BodyPosition,
        Message,
        Scenario,
        ScenarioEstimate,
        Spatial,
        Window,
    )
    from schemas.message import Probabilities
    from schemas.position import Place
    from streams.engine.app import EgoLogApp
    from streams.engine.kafka.received import Received, Token
    from streams.engine.operator_stage import Step
    from streams.engine.silence import AwaitedSession
    from streams.har import RankedWindow
    from streams.live_view import LiveView

ValueT = TypeVar("ValueT", bound="Message")
_Task = asyncio.Task[ValuedOutcome[ValueT]]
_Memory = tuple[float, ...] | asyncio.Task[tuple[float, ...]]

log = logging.getLogger(__name__)

SOURCES = (topics.AUDIO_FRAMES, topics.IMU_FRAMES)
_TOPICS = {"audio": topics.AUDIO_FRAMES, "imu": topics.IMU_FRAMES}
# Frames that one hand-over to the pool may carry: enough to make the hand-over cheap, few enough
# that windows leave while a backlog is read.
_FRAMES_AT_ONCE = 16
# A broker that has nothing new says so every 1.5 s.
_ANSWER_S = 3.0
_CHECKPOINT_VERSION = 5
# What follows a session's upright in checkpoints of each version: the balance of microphones, the
# memory of labels, that of activities, what steps show of the device's position. What a former one
# lacks is learned anew.
_AFTER_UPRIGHT = {2: 0, 3: 2, 4: 3, _CHECKPOINT_VERSION: 4}
_METRICS = {
    stage: (metrics.in_flight.labels(stage=stage), metrics.stage_seconds.labels(stage=stage))
    for stage in ("localization", "scenario", "har", "join")
}


@dataclass(frozen=True)
class _Context:
    """The estimate of a session's last thirty seconds, or what a checkpoint kept of it.

    `memory` is of the minutes that end with it, and `told` is what activities are told of both.
    """

    start_ns: int
    estimate: _Task[ScenarioEstimate] | None = None
    memory: _Memory = ()
    told: asyncio.Task[Probabilities | None] | Probabilities | None = None

    async def scenarios(self) -> Probabilities | None:
        """Return what activities are told of it, None where there is no estimate."""
        return await self.told if isinstance(self.told, asyncio.Task) else self.told

    async def in_numbers(self) -> _Context:
        """Return what is told of it, without the estimate itself."""
        return _Context(
            self.start_ns, memory=await _numbers(self.memory), told=await self.scenarios()
        )

    async def remembered(self, estimate: ScenarioEstimate) -> ScenarioEstimate:
        """Return its estimate after those of the minutes before."""
        return with_memory(estimate, await _numbers(self.memory))


@dataclass(frozen=True)
class _Kept:
    """What is learned of a session in event time.

    `upright` is the wearer's after the last activity window, `balance` that of the microphones
    after the last spatial one, `position` what steps say of where the device is by the former.
    """

    upright: Sequence[float] = ()
    balance: Sequence[float] = ()
    position: Sequence[float] = ()


@dataclass
class _Session:
    """What the windows of a session have been made into since the last thirty seconds ended.

    `kept` says of the wearer and the device what all windows so far do, `labels` is LanHAR's
    memory and `moved` that of the activities by motion alone; those `before` are as of the end of
    the last thirty seconds.
    """

    kept: _Kept = field(default_factory=_Kept)
    labels: _Memory = ()
    moved: _Memory = ()
    kept_before: _Kept = field(default_factory=_Kept)
    labels_before: _Memory = ()
    moved_before: _Memory = ()
    before: _Context | None = None
    open_window: OpenWindow = field(default_factory=OpenWindow)
    seconds: dict[int, _Task[Spatial]] = field(default_factory=dict)
    activities: dict[int, _Task[Activity]] = field(default_factory=dict)


@dataclass
class _Device:
    sessions: dict[str, _Session] = field(default_factory=dict)
    partition: int | None = None


class Dispatcher:
    """Cuts frames into windows and makes results of them; an `OperatorStage` drives it.

    `keep` takes each window of thirty seconds that becomes a record, to be looked at later; `live`
    what is heard and made, to be looked at now. `positions` tells where a device is worn that does
    not say so.

    Frames are pushed in any thread; the work that follows begins on the event loop, in the order in
    which the windows were handed out.
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
        self._settings = settings
        self._windowing = windowing
        self._localizer = localizer
        self._estimator = estimator
        self._recognizer = recognizer
        self._separator = separator
        self._joiner = joiner
        self._keep = keep
        self._live = live
        self._positions = positions
        self._devices: dict[str, _Device] = {}
        # The loop keeps no task that nobody else has.
        self._preparing: set[asyncio.Task[None]] = set()

    def knows(self, device_id: str) -> bool:
        """Return whether this device's checkpoint was restored or found absent."""
        return self._windowing.knows(device_id)

    def knows_session(self, device_id: str, session_id: str) -> bool:
        """Return whether anything is remembered of a device's session."""
        return self._windowing.knows_session(device_id, session_id)

    def restore(self, device_id: str, checkpoint: bytes | None) -> None:
        """Take up a device where its checkpoint left it; None for a device without one."""
        windows, sessions = _unpack(checkpoint)
        self._windowing.restore(device_id, windows)
        self._devices[device_id] = _Device(sessions)

    def forget(self) -> None:
        """Drop all state: the partitions were taken away and will be read again."""
        self._windowing.forget()
        self._devices.clear()

    def at_rest(self) -> Iterator[str]:
        """Yield the devices of which nothing is held that was not handed out."""
        return self._windowing.at_rest()

    def forget_device(self, device_id: str) -> None:
        """Drop what is known of a device at rest, until it is restored."""
        self._windowing.forget_device(device_id)
        self._devices.pop(device_id, None)

    def stream(self, message: Any) -> str:
        """Return a frame's modality."""
        return self._windowing.stream(message)

    def push(self, received: Received[Any]) -> list[Step]:
        """Take a frame; raises `OperatorError` where it is unusable."""
        windowed = self._windowing.push(received)
        device_id = received.message.device_id
        self._devices[device_id].partition = received.partition
        return list(self._steps(device_id, windowed))

    def waiting(self) -> Iterator[AwaitedSession]:
        """Yield the sessions that hold frames, with the modalities that are behind."""
        return self._windowing.waiting()

    def give_up(self, session: AwaitedSession, streams: Sequence[str]) -> Iterable[Step]:
        """Stop waiting for silent modalities of a session, until they speak again."""
        return list(self._steps(session.device_id, self._windowing.give_up(session, streams)))

    def _steps(self, device_id: str, windowed: Windowed[Token]) -> Iterator[Step]:
        """Yield the work that follows from windows, and what it allows to be acknowledged."""
        device = self._devices[device_id]
        # What follows it in the same push belongs to the next thirty seconds.
        closing = next((w for w in reversed(windowed.windows) if w.kind == "scenario"), None)
        for window in windowed.windows:
            session = device.sessions.setdefault(window.session_id, _Session())
            if window.kind == "spatial":
                session.kept = replace(
                    session.kept, balance=balance_after(session.kept.balance, window)
                )
                localize = partial(self._localize, device, session, window, session.kept.balance)
                yield Pending(localize, [])
            elif window.kind == "har":
                session.kept = replace(
                    session.kept,
                    upright=upright_after(session.kept.upright, window),
                    position=position_after(self._positions(), session.kept.position, window),
                )
                recognise = partial(self._recognise, device, session, window, session.kept)
                yield Pending(recognise, [])
            else:
                session.kept_before = session.kept
                yield Pending(partial(self._estimate, device, session, window), [])
                worn = worn_at(window, session.kept.position)
                yield Pending(partial(self._join, device, session, window, worn), [])
            if window is closing:
                yield self._end(device_id, windowed)
        if closing is None and windowed.checkpoints:
            yield self._end(device_id, windowed)
        elif closing is None and windowed.released:
            yield Outcome(tokens=windowed.released)

    def _end(self, device_id: str, windowed: Windowed[Token]) -> Pending:
        """Return what is left to do once the records of thirty seconds are published."""
        kept = {n: s.kept_before for n, s in self._devices[device_id].sessions.items()}
        checkpoint = windowed.checkpoints[device_id]
        work = partial(self._acknowledge, device_id, checkpoint, kept, windowed.released)
        return Pending(work, windowed.released)

    def _localize(
        self, device: _Device, session: _Session, window: Window, balance: Sequence[float]
    ) -> _Task[Spatial]:
        work = partial(self._localizer.localize, window, balance)
        task = self._begin("localization", topics.SPATIAL, device, window, work)
        session.seconds[window.start_ns] = task
        if self._live is not None:
            self._live.hear(window)
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
        self, device: _Device, session: _Session, window: Window
    ) -> _Task[ScenarioEstimate]:
        work = partial(self._scenario, window, _within(session.seconds, window))
        task = self._begin("scenario", topics.SCENARIO_ESTIMATE, device, window, work)
        earlier = () if session.before is None else session.before.memory
        loop = asyncio.get_running_loop()
        memory = loop.create_task(_memory_after(earlier, task))
        # Once, for the six activities that are told.
        told = loop.create_task(_told(task, memory))
        session.before = _Context(window.start_ns, task, memory, told)
        session.labels_before = session.labels
        session.moved_before = session.moved
        return task

    def _recognise(
        self, device: _Device, session: _Session, window: Window, kept: _Kept
    ) -> _Task[Activity]:
        seconds, before = _within(session.seconds, window), None
        if session.before is not None and session.before.start_ns == window.after:
            before = session.before
        loop, earlier = asyncio.get_running_loop(), session.labels
        estimated = worn_at(window, kept.position)
        worn = None if estimated is None else estimated.at
        ranking = loop.create_task(self._rank(window, kept.upright, earlier, worn))
        session.labels = loop.create_task(_labels_after(earlier, ranking))
        alone = loop.create_task(self._activity(window, seconds, before, kept.upright, ranking))
        memory: _Memory | None = None
        if is_motion_alone(window):
            memory = session.moved = loop.create_task(_moved_after(session.moved, alone, worn))
        work = partial(_recognised, alone, memory, worn)
        task = self._begin("har", topics.ACTIVITY, device, window, work)
        session.activities[window.start_ns] = task
        return task

    async def _rank(
        self, window: Window, upright: Sequence[float], earlier: _Memory, worn: Place | None
    ) -> RankedWindow:
        return await self._recognizer.rank(window, upright, await _numbers(earlier), worn)

    def _join(
        self, device: _Device, session: _Session, window: Window, worn: BodyPosition | None
    ) -> _Task[Scenario]:
        seconds = _within(session.seconds, window)
        activities = _within(session.activities, window)
        session.seconds.clear()
        session.activities.clear()
        session.open_window = OpenWindow()
        estimated = session.before
        assert estimated is not None  # noqa: S101 - begun just before, by `_steps`
        work = partial(self._record, window, estimated, seconds, activities, worn)
        return self._begin("join", topics.SCENARIO, device, window, work)

    def _begin(
        self,
        stage: str,
        topic: str,
        device: _Device,
        window: Window,
        work: Callable[[], Awaitable[ValueT | None]],
    ) -> _Task[ValueT]:
        attempt = self._attempt(stage, topic, device.partition, window, work)
        return asyncio.get_running_loop().create_task(attempt)

    async def _attempt(
        self,
        stage: str,
        topic: str,
        partition: int | None,
        window: Window,
        work: Callable[[], Awaitable[ValueT | None]],
    ) -> ValuedOutcome[ValueT]:
        """Return an agent's result to be published, or the letter of the window that it failed."""
        began = perf_counter()
        in_flight, seconds = _METRICS[stage]
        in_flight.inc()
        try:
            value = await work()
        except Exception as error:  # noqa: BLE001 - whatever a network raises concerns its window
            log.error('stage="%s": %s: %s', stage, type(error).__name__, error)
            source = self._settings.topic(topics.WINDOWS)
            letter = dead_window(window, source, partition, stage, error)
            return ValuedOutcome(to_dead_letter(letter, partition).messages)
        finally:
            in_flight.dec()
            seconds.observe(perf_counter() - began)
        if value is not None and self._live is not None:
            self._live.take(value)
        result = ValuedOutcome[ValueT](value=value)
        if self._settings.debug_topics and stage != "join":
            result.messages.append((topics.WINDOWS, partition, window))
        if value is not None and (topic != topics.SCENARIO_ESTIMATE or self._settings.debug_topics):
            result.messages.append((topic, partition, value))
        return result

    async def _scenario(
        self, window: Window, seconds: Sequence[_Task[Spatial]]
    ) -> ScenarioEstimate:
        return await self._estimator.estimate(window, await _values(seconds))

    async def _activity(
        self,
        window: Window,
        seconds: Sequence[_Task[Spatial]],
        before: _Context | None,
        upright: Sequence[float],
        ranking: asyncio.Task[RankedWindow],
    ) -> Activity:
        localized = await _values(seconds)
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
        estimated: _Context,
        seconds: Sequence[_Task[Spatial]],
        activities: Sequence[_Task[Activity]],
        worn: BodyPosition | None,
    ) -> Scenario | None:
        localized, recognised = await _values(seconds), await _values(activities)
        missing = [
            *_missing(topics.SPATIAL, localized, window.parts.get("spatial", 0)),
            *_missing(topics.ACTIVITY, recognised, window.parts.get("har", 0)),
        ]
        estimate = None if estimated.estimate is None else (await estimated.estimate).value
        if estimate is None:
            return None
        apart = await self._separator.apart(window, estimate, localized)
        estimate = await estimated.remembered(estimate)
        if self._keep is not None:
            await self._keep(window)
        return self._joiner.record(estimate, localized, recognised, missing, apart, worn)

    def _acknowledge(
        self,
        device_id: str,
        windows: bytes,
        kept: Mapping[str, _Kept],
        tokens: list[Token],
    ) -> Coroutine[Any, Any, Outcome]:
        sessions = self._devices[device_id].sessions
        known = self._windowing.sessions(device_id)
        for name in [name for name in sessions if name not in known]:
            del sessions[name]
        # As they are now: what comes next belongs to the next thirty seconds.
        before = [
            (name, session, session.before, session.labels_before, session.moved_before)
            for name, session in sessions.items()
            if name in kept
        ]
        return _acknowledged(device_id, windows, kept, before, tokens)


async def _acknowledged(
    device_id: str,
    windows: bytes,
    kept: Mapping[str, _Kept],
    before: Sequence[tuple[str, _Session, _Context | None, _Memory, _Memory]],
    tokens: list[Token],
) -> Outcome:
    sessions = []
    for name, session, last, labels, moved in before:
        labelled, active = await _numbers(labels), await _numbers(moved)
        if session.labels is labels:
            session.labels = session.labels_before = labelled
        if session.moved is moved:
            session.moved = session.moved_before = active
        learned = kept[name]
        numbers_of = (learned.upright, learned.balance, labelled, active, learned.position)
        entry: list[Any] = [name, *map(list, numbers_of)]
        if last is not None:
            numbers = await last.in_numbers()
            entry += await _packed(numbers)
            # Where nothing came meanwhile, that is all that the next thirty seconds need of it.
            if session.before is last:
                session.before = numbers
        sessions.append(entry)
    checkpoint: bytes = msgpack.packb([_CHECKPOINT_VERSION, windows, sessions])
    return Outcome(checkpoints={device_id: checkpoint}, tokens=tokens)


async def _packed(last: _Context) -> list[Any]:
    return [last.start_ns, await last.scenarios(), list(await _numbers(last.memory))]


async def _memory_after(before: _Memory, estimate: _Task[ScenarioEstimate]) -> tuple[float, ...]:
    memory, made = await _numbers(before), (await estimate).value
    return memory if made is None else estimates_after(memory, made, MEMORY_S)


async def _labels_after(earlier: _Memory, ranking: asyncio.Task[RankedWindow]) -> tuple[float, ...]:
    """Return the memory after a ranking; one that failed is forgotten."""
    try:
        return tuple((await ranking).memory)
    except Exception:  # noqa: BLE001 - the window itself fails, and is told of
        return await _numbers(earlier)


async def _moved_after(
    earlier: _Memory, alone: asyncio.Task[Activity], worn: Place | None
) -> tuple[float, ...]:
    """Return the memory after a window of motion alone; one that failed is forgotten."""
    memory = await _numbers(earlier)
    try:
        return memory_after(memory, await alone, worn)
    except Exception:  # noqa: BLE001 - the window itself fails, and is told of
        return memory


async def _recognised(
    alone: asyncio.Task[Activity], memory: _Memory | None, worn: Place | None
) -> Activity:
    """Return what is said of a window by itself, after what its memory says if there is any."""
    record = await alone
    if memory is not None:
        record = with_activity_memory(record, await _numbers(memory), worn)
    count_activity(record)
    return record


async def _told(task: _Task[ScenarioEstimate], memory: _Memory) -> Probabilities | None:
    estimate = (await task).value
    return None if estimate is None else context(estimate, await _numbers(memory))


async def _numbers(memory: _Memory) -> tuple[float, ...]:
    return memory if isinstance(memory, tuple) else await memory


def _unpack(checkpoint: bytes | None) -> tuple[bytes | None, dict[str, _Session]]:
    """Return the windower's checkpoint and the sessions."""
    if checkpoint is None:
        return None, {}
    unpacked = msgpack.unpackb(checkpoint)
    if not unpacked or unpacked[0] not in tuple(_AFTER_UPRIGHT):
        # Of an earlier release, whose windower had one of its own.
        return checkpoint, {}
    version, windows, entries = unpacked
    sessions = {}
    for name, upright, *rest in entries:
        count = _AFTER_UPRIGHT[version]
        learned, last = [tuple(numbers) for numbers in rest[:count]], rest[count:]
        learned += [()] * (_AFTER_UPRIGHT[_CHECKPOINT_VERSION] - count)
        balance, labels, moved, position = learned
        kept = _Kept(tuple(upright), balance, position)
        before = None
        if last:
            start_ns, told, *memory = last
            # A checkpoint of before there was a memory has none.
            before = _Context(start_ns, memory=tuple(memory[0]) if memory else (), told=told)
        sessions[name] = _Session(kept, labels, moved, kept, labels, moved, before)
    return windows, sessions


def _within(tasks: Mapping[int, _Task[ValueT]], window: Window) -> list[_Task[ValueT]]:
    return [tasks[s] for s in sorted(tasks) if window.start_ns <= s < window.end_ns]


async def _values(tasks: Sequence[_Task[ValueT]]) -> list[ValueT]:
    results = [await task for task in tasks]
    return [result.value for result in results if result.value is not None]


def _missing(kind: str, parts: Sequence[Any], count: int) -> list[str]:
    return [f"{kind} {len(parts)}/{count}"] if len(parts) < count else []


def register(app: EgoLogApp) -> None:
    """Add the agent that reads frames to the app, and those that it hands windows to."""
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
        # While there is no room for what follows, what was read is not heard yet.
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
