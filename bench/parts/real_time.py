"""Fleets in real time: latency on each broker, memory per wearer, and traffic of the topics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.load.messages import Fleet
from bench.load.recording import COARSE, simulate_recording
from bench.measuring.observer import Observer
from bench.subjects.latency import delays
from bench.subjects.running import start_subject
from bench.subjects.subject import PRODUCT, Subject
from infra.topics import used_topics
from models.network.windows import SCENARIO_WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.parts.plan import Plan
    from bench.subjects.latency import Delays
    from bench.subjects.services import Services


@dataclass(frozen=True)
class Traffic:
    """One topic's traffic per wearer-second: messages, bytes of keys and values, bytes on disk."""

    messages: float
    octets: float
    disk_octets: float


@dataclass
class RealTime:
    """Latencies by broker and number of wearers, and traffic by topic on the main broker."""

    delays: dict[str, dict[int, Delays]] = field(default_factory=dict)
    traffic: dict[str, Traffic] = field(default_factory=dict)

    def resident_mb_per_wearer(self, broker: str) -> float:
        """Return the growth of memory per wearer while the largest fleet was sent, MB."""
        count, largest = max(self.delays[broker].items())
        return (largest.resident_after_mb - largest.resident_before_mb) / count


async def measure_real_time(
    services: Services, plan: Plan, report: Callable[[str], None]
) -> RealTime:
    """Send each fleet once to a worker on each broker, with aligned clocks, the worst case."""
    result = RealTime()
    recording = simulate_recording(plan.latency_seconds, COARSE)
    for broker in services.brokers:
        settings = services.settings(f"live-{broker}", plan.partitions, broker)
        subject = Subject(f"live-{broker}", PRODUCT, settings)
        async with start_subject(subject, simulate_recording(SCENARIO_WINDOW_S, COARSE)) as running:
            for count in plan.latency_fleets:
                report(f"{count} wearers in real time, {broker} broker")
                fleet = Fleet(f"live{count}", count, recording)
                result.delays.setdefault(broker, {})[count] = await delays(running, fleet)
            if broker == services.main:
                seconds = SCENARIO_WINDOW_S + recording.duration_s * sum(plan.latency_fleets)
                result.traffic = await _traffic(services, subject, seconds)
    return result


async def _traffic(
    services: Services, subject: Subject, wearer_seconds: float
) -> dict[str, Traffic]:
    names = [topic.name for topic in used_topics(subject.settings)]
    async with Observer(subject.settings, names) as observer:
        await observer.until_quiet()
    return {
        name: Traffic(
            round(observer.messages[name] / wearer_seconds, 4),
            round(observer.octets[name] / wearer_seconds, 1),
            round(services.disk_bytes(subject.settings.topic(name)) / wearer_seconds, 1),
        )
        for name in names
    }
