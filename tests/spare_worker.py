"""A worker more than the machine has cores, for what the others leave while they wait.

Two cores stand still for a third of the suite: the drives on real services wait for brokers and
browsers. A third worker of equal rank would take time from them just when it is short, and what
watches a clock fails. So it runs only on what nobody else wants of a core, and takes its modules
from the end of the queue, where those are that leave no process and watch no clock.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController


def is_spare(worker: str) -> bool:
    """Whether the worker of this name ("gw2") is beyond the machine's cores."""
    number = re.fullmatch(r"gw(\d+)", worker)
    return number is not None and int(number[1]) >= max(2, os.cpu_count() or 1)


def step_back(worker: str) -> None:
    """Let this process and those that it starts run on idle cores only, where it is spare."""
    if is_spare(worker) and hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


class FromBothEnds(LoadScopeScheduling):  # type: ignore[misc]  # xdist's is untyped
    """Whole modules, in order to the workers that have a core, from the end to a spare one."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        if is_spare(node.gateway.id):
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)
