"""One trial: a fault strikes while a fleet sends, and the log is compared with a calm run's."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from bench.faults.fault import Fault, Site
from bench.faults.log_comparison import Changes, Records
from bench.faults.outcome import Outcome, longest_silence
from bench.faults.settled_log import settled_changes, settled_log
from bench.faults.workers import Workers
from bench.load.closing import closing_frames
from bench.load.messages import Fleet
from bench.load.sending import send_in_real_time
from bench.measuring.observer import Observer
from bench.subjects.latency import Latency, latency
from bench.subjects.subject import own_settings
from bench.without_stream.work import RESULTS
from infra import topics
from infra.broker import topic_creation
from infra.broker.topic_reader import read_letters
from models.network.windows import HAR_WINDOW_S, SCENARIO_WINDOW_S, SPATIAL_WINDOW_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from bench.faults.services import BrokenServices
    from bench.load.recording import ArrayRecording
    from bench.load.sending import FrameKey
    from infra.settings import Settings

PARTITIONS = 4
CALM = "none: the calm run"
_SOUND_SEED = "calm"
_WARM_UP_S = 30
# Share of the fleet's frames that are sent before the fault strikes.
_STRIKES_AT = 0.4
_POLL_S = 0.2


@dataclass(frozen=True)
class Size:
    """The number of wearers, seconds of event time each, and the playback speed."""

    wearers: int
    seconds: int
    speed: float


class Bench:
    """Services, a recording and the calm run's log; runs trials one after the other."""

    def __init__(
        self, services: BrokenServices, recording: ArrayRecording, size: Size, name: str
    ) -> None:
        self.services = services
        self.recording = recording
        self.size = size
        self.name = name
        self.calm: Records = {}
        self._number = 0

    def fleet(self) -> Fleet:
        """Return a fleet with a new name that hears the same as all others."""
        self._number += 1
        name = f"{self.name}{self._number:03}x"
        return Fleet(
            name, self.size.wearers, self.recording, unaligned=True, sound_seed=_SOUND_SEED
        )

    def settings(self, name: str) -> Settings:
        """Return settings for workers with topics and keys of their own."""
        services = self.services
        return own_settings(
            f"{self.name}{name}",
            services.kafka_url,
            services.redis_url,
            services.store_folder,
            PARTITIONS,
            **services.own_settings,
        )

    @asynccontextmanager
    async def stage(self, name: str) -> AsyncIterator[Stage]:
        """Start two workers on topics of their own."""
        settings = self.settings(name)
        settings.run_dir.mkdir(parents=True, exist_ok=True)
        await topic_creation.create(settings)
        workers = Workers(settings, self.services.first_worker)
        async with AsyncExitStack() as stack:
            stack.callback(workers.stop)
            for number in (0, 1):
                workers.spawn(number)
            observer = await stack.enter_async_context(Observer(settings, RESULTS))
            await workers.ready()
            stage = Stage(self, workers, observer)
            await stage.warm_up()
            yield stage


class Sent(NamedTuple):
    """What was sent since `began`, s since the epoch: each frame's arrival at the broker.

    `messages` and `seen` are the results that had been published before, and those but repetitions.
    """

    began: float
    messages: int
    seen: int
    arrived: dict[FrameKey, float]


class Stage:
    """Two workers on topics shared by trials, and the observer of the topics."""

    def __init__(self, bench: Bench, workers: Workers, observer: Observer) -> None:
        self.bench = bench
        self.workers = workers
        self.observer = observer

    async def warm_up(self) -> None:
        """Make both workers load and compute everything once."""
        recording = self.bench.recording
        fleet = Fleet("warmup", 4, _first_seconds(recording, _WARM_UP_S))
        await send_in_real_time(self.workers.settings, fleet, 10.0)
        expected = {topics.SPATIAL: fleet.windows(SPATIAL_WINDOW_S)}
        await self._until_published(fleet, expected)

    async def calm_run(self) -> Outcome:
        """Send a fleet undisturbed; its log is the reference for all others."""
        fleet = self.bench.fleet()
        sent = await self._send(fleet, None)
        expected = {
            topics.SPATIAL: fleet.windows(SPATIAL_WINDOW_S),
            topics.ACTIVITY: fleet.windows(HAR_WINDOW_S),
            topics.SCENARIO: fleet.windows(SCENARIO_WINDOW_S),
        }
        await self._until_published(fleet, expected)
        self.bench.calm = await settled_log(self.workers.settings, fleet)
        return await self._outcome(CALM, fleet, sent, Changes((), (), ()), None)

    async def trial(self, fault: Fault, seed: int) -> Outcome:
        """Run a fault while a fleet sends; return the outcome."""
        fleet = self.bench.fleet()
        chance = Random(seed)  # noqa: S311  no secret
        services, settings = self.bench.services, self.workers.settings
        site = Site(services, self.workers, settings, chance, self._further)
        self._site = site
        supervising = asyncio.create_task(self._supervise())
        restarts = self.workers.restarts
        try:
            sent = await self._send(fleet, lambda: fault.strike(site))
            if fault.own_topics is False:
                await fault.after(site)
                result = await self._compare_logs(fleet)
            else:
                # `after` may stop the workers, so everything must be logged first.
                result = await self._compare_logs(fleet)
                await fault.after(site)
        finally:
            supervising.cancel()
            await asyncio.gather(supervising, return_exceptions=True)
        outcome = await self._outcome(fault.name, fleet, sent, result, site)
        outcome.restarts = self.workers.restarts - restarts
        await self._heal()
        return outcome

    async def _further(self, _: str) -> None:
        fleet = self.bench.fleet()
        await send_in_real_time(self.workers.settings, fleet, self.bench.size.speed)
        self._site.changes.append(await self._compare_logs(fleet))
        self._site.expected += len(self.bench.calm)

    async def _heal(self) -> None:
        for number in (0, 1):
            if number not in self.workers.numbers:
                self.workers.spawn(number)
        await self.workers.ready()

    async def _supervise(self) -> None:
        while True:
            self.workers.supervise()
            await asyncio.sleep(_POLL_S)

    async def _send(self, fleet: Fleet, strike: Callable[[], object] | None) -> Sent:
        messages = sum(self.observer.messages[name] for name in RESULTS)
        seen = sum(len(self.observer.seen[name]) for name in RESULTS)
        size, began = self.bench.size, time.time()
        sending = asyncio.create_task(send_in_real_time(self.workers.settings, fleet, size.speed))
        if strike is not None:
            lasts_s = (size.seconds + fleet.delay_s(fleet.count - 1)) / size.speed
            await asyncio.sleep(_STRIKES_AT * lasts_s)
            await strike()  # type: ignore[misc]
        return Sent(began, messages, seen, await sending)

    async def _compare_logs(self, fleet: Fleet) -> Changes:
        return await settled_changes(self.bench.calm, self.workers.settings, fleet)

    async def _until_published(self, fleet: Fleet, expected: dict[str, int]) -> None:
        whole = lambda: all(  # noqa: E731 - a condition
            self.observer.count(name, fleet.name) >= count for name, count in expected.items()
        )
        await self.observer.until(whole, 180.0, lambda: None)

    async def _outcome(
        self,
        name: str,
        fleet: Fleet,
        sent: Sent,
        result: Changes,
        site: Site | None,
    ) -> Outcome:
        observer, settings = self.observer, self.workers.settings
        await observer.until_quiet()
        published = sum(observer.messages[each] for each in RESULTS) - sent.messages
        fresh = sum(len(observer.seen[each]) for each in RESULTS) - sent.seen
        all_changes = [result, *(site.changes if site else [])]
        spatial = {
            window: at
            for window, at in observer.seen[topics.SPATIAL].items()
            if window.startswith(f"{fleet.name}-")
        }
        delays: Latency | None = latency(
            topics.SPATIAL, spatial, closing_frames(settings, fleet.recording), sent.arrived
        )
        letters = [each for each in await read_letters(settings) if _is_of(fleet, each)]
        return Outcome(
            name,
            len(self.bench.calm) + (site.expected if site else 0),
            sum(len(each.missing) for each in all_changes),
            sum(len(each.extra) for each in all_changes),
            sum(len(each.different) for each in all_changes),
            published - fresh,
            round(longest_silence(spatial), 1),
            None if delays is None else delays.p99,
            len(letters),
            0,
            round(time.time() - sent.began, 1),
            list(site.notes) if site else [],
            [
                f"{what} {each}"
                for one in all_changes
                for what in ("missing", "extra", "different")
                for each in getattr(one, what)[:3]
            ],
        )


def _is_of(fleet: Fleet, letter: object) -> bool:
    return str(getattr(letter, "device_id", "")).startswith(f"{fleet.name}-")


def _first_seconds(recording: ArrayRecording, seconds: int) -> ArrayRecording:
    rates = recording.rates
    return replace(
        recording,
        samples=recording.samples[: seconds * rates.audio],
        motion=recording.motion[: seconds * rates.imu],
    )
