"""Worker processes that faults kill, freeze and restart."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import ClientSession, ClientTimeout

from bench.subjects.subject import STEPPED, STEPPED_WITHOUT_PAGE, process
from infra.errors import NotAnsweringError
from infra.local.probe import free_port
from infra.local.process import tail, wait_until_gone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.subjects.subject import Program
    from infra.local.process import ChildProcess
    from infra.settings import Settings

# Generous, because other programs may occupy all cores.
_READY_S = 600.0
_ENDS_S = 60.0
_POLL_S = 0.05
_PROBE_S = 10.0


@dataclass
class Workers:
    """Numbered workers; worker 0 has its own settings (`first`), which lead through the proxies.

    All read `bench.subjects.stepped_clock` in the folder that contains their run folders.
    """

    settings: Settings
    first: Mapping[str, object] = field(default_factory=dict)
    restarts: int = 0
    _children: dict[int, ChildProcess] = field(default_factory=dict)
    _lives: int = 0
    # A worker that is started again serves its page where it did.
    _ports: dict[int, int] = field(default_factory=dict)

    @property
    def numbers(self) -> list[int]:
        """The numbers of running workers."""
        return sorted(self._children)

    def pid(self, number: int) -> int:
        """Return a worker's process id; raises `NotAnsweringError` if it is not running."""
        pid = self._children[number].pid
        if pid is None:
            raise NotAnsweringError(f"worker {number} does not run")
        return pid

    def spawn(self, number: int) -> None:
        """Start a worker without waiting for it."""
        self._start(number, STEPPED, self._ports.setdefault(number, free_port()))

    def spawn_copy(self, number: int, original: int) -> None:
        """Start a worker with a copy of another's id in the group, and therefore without a page."""
        source, copy = (self.settings.run_dir / str(each) for each in (original, number))
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        port = self._ports[original]
        shutil.copy(source / f"member-{port}", copy)
        self._start(number, STEPPED_WITHOUT_PAGE, free_port(), web_port=port)

    def _start(self, number: int, program: Program, port: int, **own: object) -> None:
        self._lives += 1
        child = process(
            f"worker {number}",
            program,
            self.settings,
            number,
            self.settings.run_dir / f"worker-{number}.{self._lives:03}.log",
            port=port,
            **(self.first if number == 0 else {}),
            **own,
        )
        child.start(lambda: True, _READY_S)
        self._children[number] = child

    async def ready(self) -> None:
        """Return once every worker has its partitions; raises `NotAnsweringError`."""
        deadline = asyncio.get_running_loop().time() + _READY_S
        for number in self.numbers:
            while b"Worker ready" not in self._children[number].log.read_bytes():
                late = asyncio.get_running_loop().time() > deadline
                if late or not self._children[number].running:
                    log = self._children[number].log
                    raise NotAnsweringError(f"worker {number} is not ready: {tail(log)[-2000:]}")
                await asyncio.sleep(_POLL_S)

    def kill(self, number: int) -> None:
        """Send SIGKILL."""
        child = self._children.pop(number)
        if child.pid is not None:
            os.kill(child.pid, signal.SIGKILL)
            wait_until_gone(child.pid, within_s=10.0)
        child.stop()

    async def terminate(self, number: int) -> None:
        """Send SIGTERM, as a supervisor does, and wait for the exit."""
        child = self._children.pop(number)
        pid = child.pid
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            deadline = asyncio.get_running_loop().time() + _ENDS_S
            while child.running and asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(_POLL_S)
        child.stop()

    async def unready(self) -> int:
        """Return how many of the running workers answer a probe that they lack something."""
        count = 0
        async with ClientSession(timeout=ClientTimeout(_PROBE_S)) as http:
            for child in self._children.values():
                url = f"http://127.0.0.1:{child.port}/api/health/ready"
                async with http.get(url) as reply:
                    count += reply.status == HTTPStatus.SERVICE_UNAVAILABLE
        return count

    def freeze(self, number: int) -> None:
        """Send SIGSTOP."""
        os.kill(self.pid(number), signal.SIGSTOP)

    def thaw(self, number: int) -> None:
        """Send SIGCONT."""
        os.kill(self.pid(number), signal.SIGCONT)

    def supervise(self) -> None:
        """Restart workers that exited by themselves, as systemd and Docker do."""
        for number, child in list(self._children.items()):
            if not child.running:
                child.stop()
                self.restarts += 1
                self.spawn(number)

    def stop(self) -> None:
        """Stop all workers."""
        for number in self.numbers:
            self._children.pop(number).stop(5.0)
