from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from infra.local.process import wait_until_gone

if TYPE_CHECKING:
    from pathlib import Path

# Nobody reads from the pipe, so that the command waits for ever.
KILLED = """
import os, sys, time
from pathlib import Path
from tests.warm_process import FaustProcess
pipe = Path(sys.argv[1])
os.mkfifo(pipe)
print(FaustProcess(("--help",), {}, pipe, pipe).pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs linux: a process's state is read")
def test_a_command_ends_with_the_test_that_runs_it_even_by_kill_9(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path / "pipe")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        pid = int(killed.stdout.readline())
        assert not wait_until_gone(pid, 0.1)
        killed.kill()
    assert wait_until_gone(pid, 60)
