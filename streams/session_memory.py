"""State that a session's windows pass on to later ones: the last estimate and the memories.

Each is a function of the earlier windows in event time, independent of when their work finishes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.egolog.scenario_memory import MEMORY_S
from operators.recent_estimates import estimates_after
from streams.class_mix import count_activity
from streams.har import memory_after
from streams.har import with_memory as with_activity_memory
from streams.scenario_estimator import context, with_memory

if TYPE_CHECKING:
    from schemas import Activity, ScenarioEstimate
    from schemas.message import Probabilities
    from schemas.position import Place
    from streams.attempts import Task
    from streams.har import RankedWindow

Memory = tuple[float, ...] | asyncio.Task[tuple[float, ...]]


@dataclass(frozen=True)
class LastEstimate:
    """The estimate of a session's last scenario window, or its values from a checkpoint.

    `memory` summarises the minutes up to its end; `scenario_context` is what activity
    recognition derives from both.
    """

    start_ns: int
    estimate: Task[ScenarioEstimate] | None = None
    memory: Memory = ()
    scenario_context: asyncio.Task[Probabilities | None] | Probabilities | None = None

    @classmethod
    def of(
        cls, start_ns: int, estimate: Task[ScenarioEstimate], before: LastEstimate | None
    ) -> LastEstimate:
        """Return the estimate of the window from `start_ns`, with its memory and context."""
        loop = asyncio.get_running_loop()
        earlier = () if before is None else before.memory
        memory = loop.create_task(_memory_after(earlier, estimate))
        # Computed once for the six activity windows that use it.
        scenario_context = loop.create_task(_context_of(estimate, memory))
        return cls(start_ns, estimate, memory, scenario_context)

    async def scenarios(self) -> Probabilities | None:
        """Return the scenario context for activities, or None without an estimate."""
        return (
            await self.scenario_context
            if isinstance(self.scenario_context, asyncio.Task)
            else self.scenario_context
        )

    async def resolve(self) -> LastEstimate:
        """Return the computed context and memory, without the estimate itself."""
        return LastEstimate(
            self.start_ns,
            memory=await memory_values(self.memory),
            scenario_context=await self.scenarios(),
        )

    async def smooth(self, estimate: ScenarioEstimate) -> ScenarioEstimate:
        """Return `estimate` smoothed by the memory of the minutes before."""
        return with_memory(estimate, await memory_values(self.memory))


async def memory_values(memory: Memory) -> tuple[float, ...]:
    """Return a memory's values, waiting for its task if necessary."""
    return memory if isinstance(memory, tuple) else await memory


async def label_memory_after(
    earlier: Memory, ranking: asyncio.Task[RankedWindow]
) -> tuple[float, ...]:
    """Return the label memory after a ranking; a failed ranking leaves it unchanged."""
    try:
        return tuple((await ranking).memory)
    except Exception:  # noqa: BLE001 - the window itself fails, and is told of
        return await memory_values(earlier)


async def activity_memory_after(
    earlier: Memory, alone: asyncio.Task[Activity], worn: Place | None
) -> tuple[float, ...]:
    """Return the activity memory after a motion-only result; a failed one leaves it unchanged."""
    memory = await memory_values(earlier)
    try:
        return memory_after(memory, await alone, worn)
    except Exception:  # noqa: BLE001 - the window itself fails, and is told of
        return memory


async def smoothed_activity(
    alone: asyncio.Task[Activity], memory: Memory | None, worn: Place | None
) -> Activity:
    """Return a window's activity, smoothed by the memory if there is one."""
    record = await alone
    if memory is not None:
        record = with_activity_memory(record, await memory_values(memory), worn)
    count_activity(record)
    return record


async def _memory_after(before: Memory, estimate: Task[ScenarioEstimate]) -> tuple[float, ...]:
    memory, made = await memory_values(before), (await estimate).value
    return memory if made is None else estimates_after(memory, made, MEMORY_S)


async def _context_of(task: Task[ScenarioEstimate], memory: Memory) -> Probabilities | None:
    estimate = (await task).value
    return None if estimate is None else context(estimate, await memory_values(memory))
