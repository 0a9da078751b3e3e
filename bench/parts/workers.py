"""One worker against several, each in a process and on a core of its own.

A worker alone computes on more than one core, and the broker, the store and whoever sends want some
of them too: on as many cores as there are workers nothing would be left for a second one to show.
So each worker is kept on a core of its own, as a container of one CPU is, and stands still until
the broker has all frames. What reading them costs the broker remains, on the same cores.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

from bench.load.messages import Fleet
from bench.load.recording import COARSE, made
from bench.load.sending import send_all
from bench.parts.comparison import TIMEOUT_S
from bench.subjects.running import started
from bench.subjects.subject import PRODUCT, Subject
from models.egolog.windows import SCENARIO_WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.parts.plan import Plan
    from bench.subjects.running import Cost, Running
    from bench.subjects.services import Services


@dataclass(frozen=True)
class Shared:
    """What a fleet cost workers that share it.

    `beside_ms` is what broker, store and this process computed meanwhile, ms a wearer-second.
    """

    cost: Cost
    beside_ms: float

    @property
    def cores(self) -> float:
        """How many cores all of them kept busy."""
        total_ms = (self.cost.ms + self.beside_ms) * self.cost.wearer_seconds
        return total_ms / 1e3 / self.cost.wall_s


async def measure_workers(
    services: Services, plan: Plan, say: Callable[[str], None]
) -> dict[int, Shared]:
    """Return what the same fleet costs each number of workers.

    They are started one number after the other: workers that wait would share the cores.
    """
    costs: dict[int, Shared] = {}
    recording = made(plan.fleet_seconds, COARSE)
    for count in plan.workers:
        say(f"{count} workers on {plan.partitions} partitions")
        settings = services.settings(f"workers{count}", plan.partitions)
        subject = Subject(f"workers{count}", PRODUCT, settings, processes=count)
        async with started(subject, made(SCENARIO_WINDOW_S, COARSE)) as running:
            keep_apart(subject.pids)
            fleet = Fleet("shared", plan.worker_fleet, recording, unaligned=True)
            costs[count] = await _worked_off(services, running, fleet)
    return costs


def keep_apart(pids: Sequence[int]) -> None:
    """Keep each process on one core; those that are more than the cores share them."""
    cores = sorted(os.sched_getaffinity(0))
    for number, pid in enumerate(pids):
        # Threads that begin later are kept where the thread is that begins them.
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {cores[number % len(cores)]})


@contextmanager
def standing_still(pids: Sequence[int]) -> Iterator[None]:
    """Stop processes for a moment, shorter than a consumer group waits for a member."""
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def _worked_off(services: Services, running: Running, fleet: Fleet) -> Shared:
    with standing_still(running.subject.pids):
        await send_all(running.subject.settings, fleet)
    before_s = _beside_s(services)
    cost = await running.cost(fleet, TIMEOUT_S, sent=True)
    return Shared(cost, 1e3 * (_beside_s(services) - before_s) / fleet.wearer_seconds)


def _beside_s(services: Services) -> float:
    return sum(services.cpu_s().values()) + process_time()
