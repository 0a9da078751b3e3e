"""A pool is left at once when something fails, and has done everything otherwise."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from operator import neg
from pathlib import Path

import pytest

from models.research.lib.process_pool import process_pool

LONG_S = 60.0


def interrupted() -> None:
    with process_pool(1) as pool:
        assert pool.submit(neg, 1).result() == -1
        started = pool.submit(time.sleep, LONG_S)
        pool.submit(time.sleep, LONG_S)
        while not started.running():
            time.sleep(0.01)
        raise KeyboardInterrupt


def test_an_interruption_waits_for_nothing_that_runs_or_is_queued() -> None:
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - began < LONG_S


_KILLED = """
import os, signal, time
from models.research.lib.process_pool import process_pool

if __name__ == "__main__":
    with process_pool(1) as pool:
        pool.submit(os.getpid).result()
        pool.submit(time.sleep, 60)
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends them on Linux")
def test_processes_end_with_a_command_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(_KILLED)
    # The pool's processes have its output too: it ends with the last of them.
    ran = subprocess.run(
        (sys.executable, script),
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.PIPE,
        timeout=LONG_S / 2,
        check=False,
    )
    assert ran.returncode == -signal.SIGKILL


def test_what_is_queued_is_done_where_nothing_fails() -> None:
    with process_pool(1) as pool:
        jobs = [pool.submit(neg, number) for number in range(3)]
    assert [job.result() for job in jobs] == [0, -1, -2]
