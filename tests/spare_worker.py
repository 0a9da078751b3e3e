"""One more xdist worker than cores, which uses the time in which the others wait.

Two cores are idle for a third of the suite, because drives on real services wait for brokers and
browsers. A third worker of equal priority would slow these down and make timeouts fail. So it runs
at idle priority, and takes modules from the end of the queue, whose tests depend on no process and
no clock.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController


def is_spare(worker: str) -> bool:
    """Return whether the worker of this name ("gw2") exceeds the number of cores."""
    number = re.fullmatch(r"gw(\d+)", worker)
    return number is not None and int(number[1]) >= max(2, os.cpu_count() or 1)


def step_back(worker: str) -> None:
    """Set this process and its children to idle priority if it is a spare worker."""
    if is_spare(worker) and hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


class FromBothEnds(LoadScopeScheduling):  # type: ignore[misc]  # xdist's is untyped
    """Schedules whole modules, in order to regular workers and from the end to a spare one."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        if is_spare(node.gateway.id):
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)
