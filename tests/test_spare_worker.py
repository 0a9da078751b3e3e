from __future__ import annotations

import os
import subprocess
import sys
from collections import OrderedDict
from types import SimpleNamespace

import pytest

from tests import spare_worker
from tests.spare_worker import FromBothEnds, is_spare


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spare_worker.os, "cpu_count", lambda: 2)


class Worker:
    """What the scheduler sees of a worker."""

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.shutting_down = False
        self.given: list[int] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.given += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def scheduler(modules: int, workers: list[Worker]) -> FromBothEnds:
    made = FromBothEnds.__new__(FromBothEnds)
    made.log = lambda *_: None
    collection = [f"m{number}.py::test" for number in range(modules)]
    made.workqueue = OrderedDict((name.split("::")[0], {name: False}) for name in collection)
    made.assigned_work = {worker: {} for worker in workers}
    made.registered_collections = dict.fromkeys(workers, collection)
    return made


def test_a_spare_worker_takes_the_last_modules_and_the_others_the_first() -> None:
    workers = [Worker("gw0"), Worker("gw2")]
    queue = scheduler(6, workers)
    for worker in (workers[0], workers[1], workers[1], workers[0]):
        queue._assign_work_unit(worker)
    assert [worker.given for worker in workers] == [[0, 1], [5, 4]]
    assert list(queue.workqueue) == ["m2.py", "m3.py"]


@pytest.mark.parametrize(
    ("worker", "spare"),
    [("gw0", False), ("gw1", False), ("gw2", True), ("gw12", True), ("", False), ("main", False)],
)
def test_those_beyond_the_cores_are_spare(worker: str, spare: bool) -> None:
    assert is_spare(worker) is spare


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="no such class of processes here")
def test_a_spare_worker_runs_on_idle_cores_only() -> None:
    asked = "import os; from tests.spare_worker import step_back; step_back({}); "
    asked += "print(os.sched_getscheduler(0) == os.SCHED_IDLE)"
    # A spare worker's own children are as it is.
    now = os.sched_getscheduler(0) == os.SCHED_IDLE
    for name, idle in (("'gw0'", now), ("f'gw{os.cpu_count() + 2}'", True)):
        command = [sys.executable, "-c", asked.format(name)]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        assert run.stdout.strip() == str(idle)
