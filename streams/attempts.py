"""Running a stage on a window: the result is published, a failure becomes a dead letter."""

from __future__ import annotations

import asyncio
import logging
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from infra import metrics, topics
from streams.engine.dead_letters import dead_window, to_dead_letter
from streams.engine.outcome import ValuedOutcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from infra.settings import Settings
    from schemas import Message, Window
    from streams.live_view import LiveView

ValueT = TypeVar("ValueT", bound="Message")
Task = asyncio.Task[ValuedOutcome[ValueT]]

log = logging.getLogger(__name__)

# Where each stage's value is published.
_TOPICS = {
    "localization": topics.SPATIAL,
    "scenario": topics.SCENARIO_ESTIMATE,
    "har": topics.ACTIVITY,
    "join": topics.SCENARIO,
}
_METRICS = {
    stage: (metrics.in_flight.labels(stage=stage), metrics.stage_seconds.labels(stage=stage))
    for stage in _TOPICS
}


class Attempts:
    """Starts stages on windows; `live`, if given, receives their results."""

    def __init__(self, settings: Settings, live: LiveView | None) -> None:
        self._settings = settings
        self._live = live

    def begin(
        self,
        stage: str,
        partition: int | None,
        window: Window,
        work: Callable[[], Awaitable[ValueT | None]],
    ) -> Task[ValueT]:
        """Start a stage on a window of the partition's device and return its task."""
        attempt = self._attempt(stage, partition, window, work)
        return asyncio.get_running_loop().create_task(attempt)

    async def _attempt(
        self,
        stage: str,
        partition: int | None,
        window: Window,
        work: Callable[[], Awaitable[ValueT | None]],
    ) -> ValuedOutcome[ValueT]:
        """Return the stage's result to be published, or a dead letter for the failed window."""
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
            self._live.add_record(value)
        result: ValuedOutcome[ValueT] = ValuedOutcome(value=value)
        if self._settings.debug_topics and stage != "join":
            result.messages.append((topics.WINDOWS, partition, window))
        topic = _TOPICS[stage]
        if value is not None and (topic != topics.SCENARIO_ESTIMATE or self._settings.debug_topics):
            result.messages.append((topic, partition, value))
        return result


def within(tasks: Mapping[int, Task[ValueT]], window: Window) -> list[Task[ValueT]]:
    """Return the tasks of the windows that start inside `window`, in order of start."""
    return [tasks[s] for s in sorted(tasks) if window.start_ns <= s < window.end_ns]


async def values(tasks: Iterable[Task[ValueT]]) -> list[ValueT]:
    """Return the tasks' values, without failed or empty results."""
    results = [await task for task in tasks]
    return [result.value for result in results if result.value is not None]
