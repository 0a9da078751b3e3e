"""A running subject: started cold, warmed up, and measured with fleets."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bench.load.messages import Fleet
from bench.load.sending import send_all
from bench.measuring.observer import Observer
from bench.subjects.bytecode import write_bytecode
from bench.without_stream.work import RESULTS
from infra import topics
from infra.broker import topic_creation
from infra.daily_log.store import LogStore
from infra.errors import NotAnsweringError
from infra.redis.client import connect
from models.network.windows import HAR_WINDOW_S, SCENARIO_WINDOW_S, SPATIAL_WINDOW_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bench.load.recording import ArrayRecording
    from bench.subjects.subject import Subject

LENGTHS_S = {
    topics.SPATIAL: SPATIAL_WINDOW_S,
    topics.ACTIVITY: HAR_WINDOW_S,
    topics.SCENARIO: SCENARIO_WINDOW_S,
}
_POLL_S = 0.1
# Time for refinements and commits after the last record.
_SETTLE_S = 1.0


@dataclass(frozen=True)
class Cost:
    """A fleet's cost: CPU ms per wearer-second, in total and by thread.

    `wall_s` is from the first frame to the last record in topics and log. It depends on other load
    on the machine, so only ratios of adjacent runs are meaningful.
    """

    wearer_seconds: float
    ms: float
    threads_ms: dict[str, float]
    wall_s: float
    resident_mb: float


@dataclass(frozen=True)
class ColdStart:
    """CPU seconds from the start of the process to its first record, and its memory then, MB."""

    cpu_s: float
    wall_s: float
    resident_mb: float


class Running:
    """A started subject, and the observer of its topics."""

    def __init__(self, subject: Subject, observer: Observer, cold_start: ColdStart) -> None:
        self.subject = subject
        self.observer = observer
        self.cold_start = cold_start

    async def cost(self, fleet: Fleet, timeout_s: float, *, sent: bool = False) -> Cost:
        """Send a fleet's frames at full speed and return their cost until everything is logged.

        With `sent` the frames are already on the topics.
        """
        before, began = self.subject.cpu(), time.perf_counter()
        if not sent:
            await send_all(self.subject.settings, fleet)
        await self.until_done(fleet, timeout_s)
        wall_s = time.perf_counter() - began
        await asyncio.sleep(_SETTLE_S)
        spent = self.subject.cpu().since(before)
        seconds = fleet.wearer_seconds
        return Cost(
            seconds,
            1e3 * spent.total_s / seconds,
            {name: 1e3 * s / seconds for name, s in spent.threads_s.items()},
            wall_s,
            self.subject.resident_mb(),
        )

    async def until_done(self, fleet: Fleet, timeout_s: float) -> None:
        """Wait for all records of a fleet; raises `NotAnsweringError`."""
        expected = {name: fleet.windows(length) for name, length in LENGTHS_S.items()}
        seen = partial(self._all_seen, expected, fleet)
        if not await self.observer.until(seen, timeout_s, self.subject.check):
            counts = {name: self.observer.count(name, fleet.name) for name in expected}
            raise NotAnsweringError(
                f"{self.subject.name} published {counts} of {expected} records of {fleet.name} "
                f"in {timeout_s:g} s"
            )
        if self.subject.program.web:
            await self._until_logged(fleet, timeout_s)

    def _all_seen(self, expected: dict[str, int], fleet: Fleet) -> bool:
        return all(
            self.observer.count(name, fleet.name) >= count for name, count in expected.items()
        )

    async def _until_logged(self, fleet: Fleet, timeout_s: float) -> None:
        settings, missing = self.subject.settings, set(fleet.devices)
        one = Fleet(fleet.name, 1, fleet.recording)
        wanted = one.windows(SCENARIO_WINDOW_S), one.windows(HAR_WINDOW_S)
        redis = await connect(settings)
        try:
            log = LogStore(redis, settings.app_id, settings.log_retention_days)
            deadline = time.monotonic() + timeout_s
            while missing:
                for device in sorted(missing):
                    counts = await log.count(device)
                    if (counts.scenarios, counts.activities) < wanted:
                        break
                    missing.discard(device)
                if time.monotonic() > deadline:
                    raise NotAnsweringError(f"{settings.app_id} did not log {sorted(missing)[0]}")
                await asyncio.sleep(_POLL_S if missing else 0)
        finally:
            await redis.aclose()


@asynccontextmanager
async def start_subject(subject: Subject, warm_up: ArrayRecording) -> AsyncIterator[Running]:
    """Start a subject with frames already waiting for it, and stop it on exit."""
    settings = subject.settings
    write_bytecode(subject.program.modules)
    await topic_creation.create(settings)
    first = Fleet("warm-up", subject.processes, warm_up)
    await send_all(settings, first)
    async with Observer(settings, RESULTS) as observer:
        began = time.perf_counter()
        try:
            subject.spawn()
            cold_start = await _cold_start(subject, observer, began)
            subject.wait_until_ready()
            running = Running(subject, observer, cold_start)
            await running.until_done(first, timeout_s=180.0)
            await asyncio.sleep(_SETTLE_S)
            yield running
        finally:
            subject.stop()


async def _cold_start(subject: Subject, observer: Observer, began: float) -> ColdStart:
    some = lambda: any(observer.seen.values())  # noqa: E731 - a condition
    if not await observer.until(some, 180.0, subject.check):
        raise NotAnsweringError(f"{subject.name} gave no record within 180 s")
    return ColdStart(subject.cpu().total_s, time.perf_counter() - began, subject.resident_mb())
