"""The work on each window of a session: localization, activity, scenario, and their record.

Each window's work is begun as a task that awaits the results it depends on, so windows are worked
on together and every input depends on event time alone.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from infra import topics
from streams.attempts import Attempts, values, within
from streams.har import is_motion_alone
from streams.position import worn_at
from streams.session_memory import (
    LastEstimate,
    activity_memory_after,
    label_memory_after,
    memory_values,
    smoothed_activity,
)
from streams.window_ahead import OpenWindow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from infra.settings import Settings
    from models.serving.window_ahead import WindowAhead
    from schemas import Activity, BodyPosition, Scenario, ScenarioEstimate, Spatial, Window
    from schemas.position import Place
    from streams.attempts import Task
    from streams.har import ActivityEstimator, RankedWindow
    from streams.live_view import LiveView
    from streams.localization import SpatialEstimator
    from streams.scenario_estimator import ScenarioEstimator
    from streams.scenario_joiner import ScenarioJoiner
    from streams.session_memory import Memory
    from streams.session_work import DeviceWork, SessionState, SessionWork
    from streams.sound_events import SoundSeparator

log = logging.getLogger(__name__)


class WindowWork:
    """Begins the work on windows, in the order in which they were emitted.

    `store_picture` receives each scenario window, whose picture the page shows with the record;
    `live` receives windows and results for the live view.
    """

    def __init__(
        self,
        settings: Settings,
        localizer: SpatialEstimator,
        estimator: ScenarioEstimator,
        recognizer: ActivityEstimator,
        separator: SoundSeparator,
        joiner: ScenarioJoiner,
        store_picture: Callable[[Window], Awaitable[None]] | None = None,
        live: LiveView | None = None,
    ) -> None:
        self._attempts = Attempts(settings, live)
        self._localizer = localizer
        self._estimator = estimator
        self._recognizer = recognizer
        self._separator = separator
        self._joiner = joiner
        self._store_picture = store_picture
        self._live = live
        # The event loop keeps only weak references to tasks.
        self._preparing: set[asyncio.Task[None]] = set()

    def localize(
        self, device: DeviceWork, session: SessionWork, window: Window, balance: Sequence[float]
    ) -> Task[Spatial]:
        """Begin the localization of a second, heard with this `balance` of the microphones."""
        work = partial(self._localizer.localize, window, balance, session.direction_memory)
        task = self._attempts.begin("localization", device.partition, window, work)
        session.seconds[window.start_ns] = session.direction_memory = task
        if self._live is not None:
            self._live.add_window(window)
        ahead = session.open_window.push(window)
        if ahead is not None:
            preparing = asyncio.get_running_loop().create_task(self._prepare(ahead))
            self._preparing.add(preparing)
            preparing.add_done_callback(self._preparing.discard)
        return task

    async def _prepare(self, ahead: WindowAhead) -> None:
        try:
            await self._estimator.prepare(ahead)
        except Exception as error:  # noqa: BLE001 - the window itself will fail, and is told of
            log.debug("nothing is prepared: %s", error)

    def estimate(
        self, device: DeviceWork, session: SessionWork, window: Window
    ) -> Task[ScenarioEstimate]:
        """Begin the scenario estimate of thirty seconds."""
        work = partial(self._scenario, window, within(session.seconds, window))
        task = self._attempts.begin("scenario", device.partition, window, work)
        session.before = LastEstimate.of(window.start_ns, task, session.before)
        session.label_memory_before = session.label_memory
        session.activity_memory_before = session.activity_memory
        session.direction_memory_before = session.direction_memory
        return task

    def recognise(
        self, device: DeviceWork, session: SessionWork, window: Window, state: SessionState
    ) -> Task[Activity]:
        """Begin an activity window; `state` is the session's after its motion."""
        seconds, before = within(session.seconds, window), None
        if session.before is not None and session.before.start_ns == window.after:
            before = session.before
        loop, earlier = asyncio.get_running_loop(), session.label_memory
        estimated = worn_at(window, state.position)
        worn = None if estimated is None else estimated.at
        ranking = loop.create_task(self._rank(window, state.upright, earlier, worn))
        session.label_memory = loop.create_task(label_memory_after(earlier, ranking))
        alone = loop.create_task(
            self._activity(window, seconds, before, state.upright, ranking, worn)
        )
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

    def join(
        self, device: DeviceWork, session: SessionWork, window: Window, worn: BodyPosition | None
    ) -> Task[Scenario]:
        """Begin the record of thirty seconds, of a device `worn` there; ends their results."""
        seconds = within(session.seconds, window)
        activities = within(session.activities, window)
        session.seconds.clear()
        session.activities.clear()
        session.open_window = OpenWindow()
        estimated = session.before
        assert estimated is not None  # noqa: S101 - begun just before, by `Dispatcher`
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
        worn: Place | None,
    ) -> Activity:
        localized = await values(seconds)
        missing = _missing(topics.SPATIAL, localized, window.parts.get("spatial", 0))
        scenarios = None if before is None else await before.scenarios()
        if window.after is not None and scenarios is None:
            missing.append(f"{topics.SCENARIO_ESTIMATE} 0/1")
        return await self._recognizer.estimate(
            window, localized, scenarios or {}, missing, upright, ranking, worn
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
        if self._store_picture is not None:
            await self._store_picture(window)
        return self._joiner.record(estimate, localized, recognised, missing, apart, worn)


def _missing(kind: str, parts: Sequence[Any], count: int) -> list[str]:
    return [f"{kind} {len(parts)}/{count}"] if len(parts) < count else []
