"""Faust commands in processes of their own that need not import the networks' libraries again.

Importing ONNX Runtime, scipy, Faust and the stages costs a command seconds of CPU, and the tests
run some sixty of them. They are forked from a process that has imported what every command imports
and nothing that reads settings, so each still reads its own and is killed, signalled and waited for
like any other.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.warm_imports"])


class FaustProcess:
    """`faust -A streams.app ARGUMENTS`, with the methods of `subprocess.Popen` that tests use."""

    def __init__(
        self,
        arguments: tuple[str, ...],
        environment: Mapping[str, str],
        out: Path,
        err: Path,
        cwd: Path | None = None,
    ) -> None:
        self._process = _CONTEXT.Process(
            target=_run,
            args=(arguments, dict(environment), str(cwd or "."), str(out), str(err)),
            daemon=True,
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """Return its process id."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Return its exit status, or None while it runs."""
        return self._process.exitcode

    def wait(self, timeout_s: float) -> int:
        """Return its exit status; raises `subprocess.TimeoutExpired`."""
        self._process.join(timeout_s)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(["faust"], timeout_s)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """kill -9."""
        self.send_signal(signal.SIGKILL)


def run_command(
    arguments: tuple[str, ...],
    environment: Mapping[str, str],
    timeout_s: float,
    cwd: Path | None = None,
) -> tuple[int, str, str]:
    """Run a command to its end; return its exit status and what it wrote to both streams.

    Raises `subprocess.TimeoutExpired` where it takes longer; it is ended then.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = FaustProcess(arguments, environment, out, err, cwd)
        try:
            status = process.wait(timeout_s)
        finally:
            process.kill()
        return status, out.read_text(errors="replace"), err.read_text(errors="replace")


def _end_with_parent() -> None:
    """Kill this process when the one that started it is gone, even by kill -9."""
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGKILL)


def _run(
    arguments: tuple[str, ...], environment: dict[str, str], cwd: str, out: str, err: str
) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    for path, number in ((out, 1), (err, 2)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv[:] = ["faust", "-A", "streams.app", *arguments]
    # As `python -m faust` does, whose module cannot be run a second time.
    from faust.cli.faust import cli

    cli()
