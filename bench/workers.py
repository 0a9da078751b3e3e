"""One worker against several, each in a process of its own: CPU and the ratio of their speeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.comparison import TIMEOUT_S
from bench.messages import Fleet
from bench.plan import COARSE
from bench.recording import made
from bench.running import started
from bench.subject import PRODUCT, Subject
from models.egolog.windows import SCENARIO_WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.plan import Plan
    from bench.running import Cost
    from bench.services import Services


async def measure_workers(
    services: Services, plan: Plan, say: Callable[[str], None]
) -> dict[int, Cost]:
    """Return what the same fleet costs each number of workers.

    They are started one number after the other: workers that wait would share the cores.
    """
    costs: dict[int, Cost] = {}
    recording = made(plan.fleet_seconds, COARSE)
    for count in plan.workers:
        say(f"{count} workers on {plan.partitions} partitions")
        settings = services.settings(f"workers{count}", plan.partitions)
        subject = Subject(f"workers{count}", PRODUCT, settings, processes=count)
        async with started(subject, made(SCENARIO_WINDOW_S, COARSE)) as running:
            fleet = Fleet("shared", plan.worker_fleet, recording, unaligned=True)
            costs[count] = await running.cost(fleet, TIMEOUT_S)
    return costs
