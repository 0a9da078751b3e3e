"""The product compared with the bare loop, constant networks and its peers, in rounds."""

from __future__ import annotations

import importlib.util
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from bench.load.messages import Fleet, first_sample
from bench.load.recording import COARSE, simulate_recording
from bench.measuring.exported import blocked_looks
from bench.subjects.idle import idle_ms
from bench.subjects.running import start_subject
from bench.subjects.services import EMBEDDED, KAFKA
from bench.subjects.subject import CONSTANT, PLAIN_AIOKAFKA, PRODUCT, QUIXSTREAMS, Subject
from bench.without_stream.bare import BareLoop
from models.network.windows import SCENARIO_WINDOW_S
from schemas.extras import EXTRAS

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.parts.plan import Plan
    from bench.subjects.running import ColdStart, Cost, Running
    from bench.subjects.services import Services

TIMEOUT_S = 1_800.0
BARE = "bare loop"
PRODUCT_ON = {KAFKA: "product, Apache Kafka", EMBEDDED: "product, embedded broker"}
CONSTANT_NAME = "product, constant networks"
AIOKAFKA_NAME = "aiokafka loop"
QUIX_NAME = "quixstreams"
# The threads of the product that run networks.
_INFERENCE = "inference"


@dataclass
class Comparison:
    """Costs by subject, one per round; the bare loop by stage; cold starts by subject.

    `blocked_looks` counts the checks that found the product's event loop blocked, and all checks;
    `idle_ms` is each subject's CPU ms per second while idle.
    """

    main: str
    costs: dict[str, list[Cost]] = field(default_factory=dict)
    bare_ms: list[float] = field(default_factory=list)
    stages_ms: list[dict[str, float]] = field(default_factory=list)
    cold_starts: dict[str, ColdStart] = field(default_factory=dict)
    services_ms: dict[str, list[float]] = field(default_factory=dict)
    blocked_looks: tuple[int, int] = (0, 0)
    idle_ms: dict[str, float] = field(default_factory=dict)

    def ms(self, name: str) -> float:
        """Return a subject's median CPU ms per wearer-second."""
        return median(self.each_ms(name))

    def each_ms(self, name: str) -> list[float]:
        """Return a subject's CPU ms per wearer-second in each round."""
        return self.bare_ms if name == BARE else [cost.ms for cost in self.costs[name]]

    @property
    def constant_ms(self) -> float:
        """The median CPU ms per wearer-second that constant networks still took."""
        costs = self.costs[CONSTANT_NAME]
        return median(cost.threads_ms.get(_INFERENCE, 0.0) for cost in costs)

    def ratio(self, name: str, other: str) -> float:
        """Return the median over rounds of the ratio of two subjects' costs."""
        pairs = zip(self.each_ms(name), self.each_ms(other), strict=True)
        return median(one / two for one, two in pairs)

    def stage_ms(self, stage: str) -> float:
        """Return the median cost of a stage of the bare loop, ms."""
        return median(stages[stage] for stages in self.stages_ms)


async def compare(services: Services, plan: Plan, report: Callable[[str], None]) -> Comparison:
    """Run all rounds; a peer whose extra is not installed is skipped and listed."""
    recording = simulate_recording(plan.seconds, COARSE)
    subjects = _subjects(services, plan)
    result = Comparison(PRODUCT_ON[services.main])
    async with AsyncExitStack() as stack:
        running: dict[str, Running] = {}
        for name, subject in subjects.items():
            report(f"starting {name}")
            warm_up = simulate_recording(SCENARIO_WINDOW_S, COARSE)
            running[name] = await stack.enter_async_context(start_subject(subject, warm_up))
            result.cold_starts[name] = running[name].cold_start
        product = subjects[result.main]
        looked = blocked_looks(product.ports)
        result.idle_ms = await idle_ms(running)
        bare = BareLoop(next(iter(subjects.values())).settings, recording)
        for number in range(plan.rounds):
            for name in _rotate([*subjects, BARE], number):
                report(f"round {number + 1} of {plan.rounds}: {name}")
                if name == BARE:
                    run = bare.run(first_sample(f"bare {number}", len(recording.samples)))
                    result.bare_ms.append(run.ms)
                    result.stages_ms.append(run.stages_ms)
                else:
                    fleet = Fleet(f"round{number}", plan.wearers, recording, unaligned=True)
                    await _measure(result, name, running[name], fleet, services)
        over, looks = blocked_looks(product.ports)
        result.blocked_looks = over - looked[0], looks - looked[1]
    return result


def _rotate(names: list[str], by: int) -> list[str]:
    return names[by % len(names) :] + names[: by % len(names)]


async def _measure(
    result: Comparison, name: str, running: Running, fleet: Fleet, services: Services
) -> None:
    """Add a subject's cost of a fleet, and that of the services beside the product."""
    before = services.cpu_s()
    result.costs.setdefault(name, []).append(await running.cost(fleet, TIMEOUT_S))
    if name == result.main:
        for service, after_s in services.cpu_s().items():
            ms = 1e3 * (after_s - before[service]) / fleet.wearer_seconds
            result.services_ms.setdefault(service, []).append(ms)


def _subjects(services: Services, plan: Plan) -> dict[str, Subject]:
    main = services.main
    programs = {PRODUCT_ON[broker]: (PRODUCT, broker) for broker in services.brokers}
    programs[CONSTANT_NAME] = (CONSTANT, main)
    programs[AIOKAFKA_NAME] = (PLAIN_AIOKAFKA, main)
    if importlib.util.find_spec("quixstreams") is None:
        distribution, extra = EXTRAS["quixstreams"]
        services.skipped[QUIX_NAME] = (
            f"{distribution} is not installed: pip install 'egolog-streams[{extra}]'"
        )
    else:
        programs[QUIX_NAME] = (QUIXSTREAMS, main)
    # All are there at once and compute in turn: each may have the core that a worker would take.
    own = {"cpu_affinity": str(max(os.sched_getaffinity(0)))}
    return {
        name: Subject(
            f"compared{number}",
            program,
            services.settings(f"compared{number}", plan.partitions, broker, **own),
        )
        for number, (name, (program, broker)) in enumerate(programs.items())
    }
