"""The throughput of several workers compared with one, each on a core of its own.

One worker on all cores would use more than one, and the broker, the store and the sender need some
as well, so on as many cores as workers a second worker could not show its gain. A worker takes a
core by itself while one is free (`EGOLOG_CPU_AFFINITY`), and is paused here until the broker has
all frames. The broker's own work still shares these cores.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from time import process_time
from typing import TYPE_CHECKING

from bench.load.messages import Fleet
from bench.load.recording import COARSE, simulate_recording
from bench.load.sending import send_all
from bench.parts.comparison import TIMEOUT_S
from bench.subjects.running import start_subject
from bench.subjects.subject import PRODUCT, Subject
from models.network.windows import SCENARIO_WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.parts.plan import Plan
    from bench.subjects.running import Cost, Running
    from bench.subjects.services import Services


@dataclass(frozen=True)
class SharedCost:
    """The cost of a fleet that is shared by several workers.

    `beside_ms` is the CPU time of broker, store and this process, ms per wearer-second.
    """

    cost: Cost
    beside_ms: float

    @property
    def cores(self) -> float:
        """The average number of busy cores."""
        total_ms = (self.cost.ms + self.beside_ms) * self.cost.wearer_seconds
        return total_ms / 1e3 / self.cost.wall_s


async def measure_workers(
    services: Services, plan: Plan, report: Callable[[str], None]
) -> dict[int, SharedCost]:
    """Return the cost of the same fleet for each number of workers.

    They are started one configuration after the other, because idle workers would share the cores.
    """
    costs: dict[int, SharedCost] = {}
    recording = simulate_recording(plan.fleet_seconds, COARSE)
    for count in plan.workers:
        report(f"{count} workers on {plan.partitions} partitions")
        settings = services.settings(f"workers{count}", plan.partitions)
        subject = Subject(f"workers{count}", PRODUCT, settings, processes=count)
        async with start_subject(subject, simulate_recording(SCENARIO_WINDOW_S, COARSE)) as running:
            fleet = Fleet("shared", plan.worker_fleet, recording, unaligned=True)
            costs[count] = await _worked_off(services, running, fleet)
    return costs


@contextmanager
def standing_still(pids: Sequence[int]) -> Iterator[None]:
    """Pause processes, for less than the consumer group's session timeout."""
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def _worked_off(services: Services, running: Running, fleet: Fleet) -> SharedCost:
    with standing_still(running.subject.pids):
        await send_all(running.subject.settings, fleet)
    before_s = _beside_s(services)
    cost = await running.cost(fleet, TIMEOUT_S, sent=True)
    return SharedCost(cost, 1e3 * (_beside_s(services) - before_s) / fleet.wearer_seconds)


def _beside_s(services: Services) -> float:
    return sum(services.cpu_s().values()) + process_time()
