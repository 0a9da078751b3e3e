"""The cost of a wearer by fleet size, alignment of clocks, sample rates and session length."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.load.messages import Fleet
from bench.load.recording import COARSE, FINE, simulate_recording
from bench.parts.comparison import TIMEOUT_S
from bench.subjects.running import start_subject
from bench.subjects.subject import PRODUCT, Subject
from models.network.windows import SCENARIO_WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from bench.parts.plan import Plan
    from bench.subjects.running import Cost, Running
    from bench.subjects.services import Services

# A third of a scenario window: five of its fifteen segments have data.
SHORT_SESSION_S = 10


@dataclass
class Fleets:
    """Costs of one worker by number of wearers, clocks, rates and session length."""

    by_count: dict[int, Cost] = field(default_factory=dict)
    by_clocks: dict[str, Cost] = field(default_factory=dict)
    by_rates: dict[str, Cost] = field(default_factory=dict)
    by_sessions: dict[str, Cost] = field(default_factory=dict)


async def measure_fleets(services: Services, plan: Plan, report: Callable[[str], None]) -> Fleets:
    """Send growing fleets to one worker, the smallest first, and all others to another.

    A worker knows a large fleet's sessions for a minute and keeps the memory that they took.
    """
    result = Fleets()
    await _measure_growing(services, plan, report, result)
    await _measure_others(services, plan, report, result)
    return result


async def _measure_growing(
    services: Services, plan: Plan, report: Callable[[str], None], result: Fleets
) -> None:
    recording = simulate_recording(plan.fleet_seconds, COARSE)
    async with _start_worker(services, plan, "fleets") as running:
        for count in plan.fleets:
            report(f"one worker, {count} wearers")
            fleet = Fleet(f"of{count}", count, recording, unaligned=True)
            result.by_count[count] = await running.cost(fleet, TIMEOUT_S)


async def _measure_others(
    services: Services, plan: Plan, report: Callable[[str], None], result: Fleets
) -> None:
    long = simulate_recording(plan.seconds, COARSE)
    async with _start_worker(services, plan, "loads") as running:
        for name, unaligned in (("aligned", False), ("unaligned", True)):
            report(f"one worker, {name} clocks")
            fleet = Fleet(name, plan.wearers, long, unaligned)
            result.by_clocks[name] = await running.cost(fleet, TIMEOUT_S)
        for rates in (COARSE, FINE):
            report(f"one worker, {rates.name}")
            fleet = Fleet(
                f"at{rates.audio}", plan.wearers, simulate_recording(plan.seconds, rates), True
            )
            result.by_rates[rates.name] = await running.cost(fleet, TIMEOUT_S)
        for seconds in (SHORT_SESSION_S, SCENARIO_WINDOW_S):
            count = plan.short_sessions * SHORT_SESSION_S // seconds
            report(f"one worker, {count} sessions of {seconds} s")
            fleet = Fleet(
                f"sessions{seconds}", count, simulate_recording(seconds, COARSE), unaligned=True
            )
            name = f"{count} of {seconds} s"
            result.by_sessions[name] = await running.cost(fleet, TIMEOUT_S)


def _start_worker(
    services: Services, plan: Plan, name: str
) -> AbstractAsyncContextManager[Running]:
    subject = Subject(name, PRODUCT, services.settings(name, plan.partitions))
    return start_subject(subject, simulate_recording(SCENARIO_WINDOW_S, COARSE))
