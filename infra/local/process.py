"""A service as a child process that dies with its parent, even on kill -9."""

from __future__ import annotations

import atexit
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from infra.errors import BinaryMissingError, NotAnsweringError, PortInUseError, ServiceError
from infra.local import parent_death
from infra.local.probe import port_is_free

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

log = logging.getLogger(__name__)

_POLL_S = 0.02
_LOG_TAIL_BYTES = 4_096
_STACK_FRAME = re.compile(r"at [\w.$/@]+[\w$<>]+\(|\.\.\. \d+ (more|common frames)")


class ChildProcess:
    """One service: start it, wait until it answers, stop it.

    `command[0]` is a path. Output goes to the file `log`. With `tied` the child is killed when its
    parent dies in any way (on Linux; elsewhere only when Python exits normally). It inherits the
    file descriptors `inherit`.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        port: int,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        tied: bool = True,
        inherit: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.port = port
        self.log = log
        self._command = [str(part) for part in command]
        self._env = env
        self._cwd = cwd
        self._tied = tied
        self._inherit = tuple(inherit)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id; None if it was not started or was stopped."""
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        """Whether the child is running."""
        return self._process is not None and self._process.poll() is None

    def start(
        self,
        answers: Callable[[], bool],
        timeout_s: float,
        at_work: Callable[[], bool] = lambda: False,
    ) -> None:
        """Start the child and return once `answers()`.

        The timeout restarts as long as `at_work()` says that it is still preparing.

        Raises `PortInUseError`, `BinaryMissingError` or `NotAnsweringError`, and leaves nothing
        running.
        """
        if self._process is not None:
            raise ServiceError(f"{self.name} is running already (pid {self._process.pid})")
        if self._tied and threading.current_thread() is not threading.main_thread():
            # The kernel watches the starting thread: the end of a short-lived one would kill it.
            raise ServiceError(f"{self.name} must be started from the main thread")
        if not port_is_free(self.port):
            raise PortInUseError(
                f"port {self.port} for {self.name} is in use: "
                "end the program that has it or choose another port"
            )
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as output:
            self._process = self._spawn(output.fileno())
        atexit.register(self.stop)
        try:
            self._wait(answers, timeout_s, at_work)
        except BaseException:
            self.stop()
            raise

    def stop(self, grace_s: float = 1.0) -> None:
        """Terminate the child, and kill it after `grace_s`; does nothing if it is not running."""
        process, self._process = self._process, None
        if process is None:
            return
        atexit.unregister(self.stop)
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(grace_s)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()

    def detach(self) -> int:
        """Leave the child running after this process; return its pid."""
        process, self._process = self._process, None
        if process is None or self._tied:
            raise ServiceError(f"{self.name} cannot be left running: it is not, or it is tied")
        atexit.unregister(self.stop)
        # Otherwise Popen's destructor warns that the child is still running.
        process.returncode = 0
        return process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _spawn(self, output: int) -> subprocess.Popen[bytes]:
        command = self._command
        if not os.access(command[0], os.X_OK):
            raise BinaryMissingError(f"{self.name} cannot be run: {command[0]} is not a program")
        if self._tied and sys.platform == "linux":
            guard = [sys.executable, "-I", "-S", parent_death.__file__, str(os.getpid())]
            command = [*guard, *command]
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if self._env is None else {**os.environ, **self._env},
            cwd=self._cwd,
            pass_fds=self._inherit,
            # Keeps Ctrl-C from the child: a stopping worker still needs its broker to commit.
            start_new_session=True,
        )

    def _wait(
        self, answers: Callable[[], bool], timeout_s: float, at_work: Callable[[], bool]
    ) -> None:
        assert self._process is not None  # noqa: S101 - narrows a type, checks nothing
        deadline = time.monotonic() + timeout_s
        while not answers():
            status = self._process.poll()
            if status is not None:
                raise NotAnsweringError(
                    f"{self.name} ended with {_status(status)} before it answered: "
                    f"{self._last_output()}"
                )
            if time.monotonic() > deadline and at_work():
                log.warning("%s still recovers: waiting on; see %s", self.name, self.log)
                deadline = time.monotonic() + timeout_s
            if time.monotonic() > deadline:
                raise NotAnsweringError(
                    f"{self.name} does not answer on port {self.port} after {timeout_s:g} s: "
                    f"{self._last_output()}"
                )
            time.sleep(_POLL_S)

    def _last_output(self) -> str:
        return f"it said {telling_line(tail(self.log))[:200]!r}; see {self.log}"


def tail(log: Path, size: int = _LOG_TAIL_BYTES) -> str:
    """Return the last `size` bytes of `log` as text."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - size))
        return file.read().decode(errors="replace")


def telling_line(output: str) -> str:
    """Return the last line that is not blank and not a frame of a Java stack trace."""
    lines = (line.strip() for line in reversed(output.splitlines()))
    return next((line for line in lines if line and not _STACK_FRAME.match(line)), "nothing")


def wait_until_gone(pid: int, within_s: float) -> bool:
    """Wait until the process is gone; a zombie counts as gone."""
    deadline = time.monotonic() + within_s
    while not _is_gone(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def command_line(pid: int) -> str:
    """Return a process's arguments; empty if it is gone, a zombie or just starting."""
    if sys.platform == "linux":
        try:
            return (
                Path(f"/proc/{pid}/cmdline")
                .read_bytes()
                .replace(b"\0", b" ")
                .decode("utf-8", "replace")
                .strip()
            )
        except (FileNotFoundError, ProcessLookupError):
            return ""
    command_line = _ps(pid, "args=")
    return "" if command_line.startswith(("(", "<")) else command_line


def _is_gone(pid: int) -> bool:
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return True
        # The name before the state may contain blanks and brackets.
        state = stat.rpartition(")")[2].split()[0]
    else:
        state = _ps(pid, "state=")
    return state[:1] in {"", "Z", "X"}


def _ps(pid: int, column: str) -> str:
    command = ["ps", "-ww", "-p", str(pid), "-o", column]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _status(status: int) -> str:
    if status >= 0:
        return f"status {status}"
    return f"signal {signal.Signals(-status).name}"
