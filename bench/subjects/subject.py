"""A program being measured, in one or several processes, on topics of its own."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bench.measuring.cpu import cpu_time, resident_mb
from bench.subjects.bytecode import ROOT, WRITTEN
from infra.errors import NotAnsweringError
from infra.local.embedded import find_running, record
from infra.local.probe import free_port
from infra.local.process import ChildProcess
from infra.settings import Settings, env_name, load

if TYPE_CHECKING:
    from pathlib import Path

    from bench.measuring.cpu import CpuTime

_READY_S = 180.0
_POLL_S = 0.02


@dataclass(frozen=True)
class Program:
    """How a subject is started: Python's arguments, and the line it prints once it consumes.

    With `web` each process serves a page, and a run also waits for the product's log. Importing
    `modules` imports everything that the program does.
    """

    arguments: tuple[str, ...]
    web: bool
    modules: tuple[str, ...]


def _worker(app: str) -> Program:
    modules = (app, "faust.cli.faust", "faust.web.cache", "streams.engine.worker")
    return Program(("-m", "faust", "-A", app, "worker", "-l", "info"), web=True, modules=modules)


def _peer(module: str) -> Program:
    return Program(("-m", module), web=False, modules=(module,))


PRODUCT = _worker("bench.apps.product")
STEPPED = _worker("bench.apps.stepped")
STEPPED_WITHOUT_PAGE = replace(STEPPED, arguments=(*STEPPED.arguments, "--without-web"), web=False)
CONSTANT = _worker("bench.apps.constant")
PLAIN_AIOKAFKA = _peer("bench.peers.plain_aiokafka")
QUIXSTREAMS = _peer("bench.peers.quix")


@dataclass
class Subject:
    """One program on one broker, with topics, a consumer group and store keys of its own."""

    name: str
    program: Program
    settings: Settings
    processes: int = 1
    _children: list[ChildProcess] = field(default_factory=list)

    @property
    def pids(self) -> list[int]:
        """The ids of the running processes."""
        return [child.pid for child in self._children if child.pid is not None]

    @property
    def ports(self) -> list[int]:
        """The ports of the processes' pages."""
        return [child.port for child in self._children]

    def spawn(self) -> None:
        """Start the processes without waiting for them."""
        for number in range(self.processes):
            # Each process has a log of its own, with its number in the name.
            child = process(self.name, self.program, self.settings, number, self._log(number))
            child.start(lambda: True, _READY_S)
            self._children.append(child)

    def wait_until_ready(self) -> None:
        """Return once every process consumes; raises `NotAnsweringError`."""
        deadline = time.monotonic() + _READY_S
        for number, child in enumerate(self._children):
            while "ready" not in self._log(number).read_text(encoding="utf-8", errors="replace"):
                if not child.running or time.monotonic() > deadline:
                    raise NotAnsweringError(f"{self.name} is not ready: see {self._log(number)}")
                time.sleep(_POLL_S)

    def check(self) -> None:
        """Raise `NotAnsweringError` if a process has exited."""
        for number, child in enumerate(self._children):
            if not child.running:
                raise NotAnsweringError(f"{self.name} has ended: see {self._log(number)}")

    def cpu(self) -> CpuTime:
        """Return the CPU time of all processes so far."""
        return cpu_time(self.pids)

    def resident_mb(self) -> float:
        """Return the current resident memory of all processes, MB."""
        return sum(resident_mb(pid) for pid in self.pids)

    def stop(self) -> None:
        """Stop the processes."""
        for child in self._children:
            child.stop(5.0)
        self._children.clear()

    def _log(self, number: int) -> Path:
        return self.settings.run_dir / f"{self.name}-{number}.log"


def process(
    name: str,
    program: Program,
    settings: Settings,
    number: int,
    log: Path,
    *,
    port: int | None = None,
    **own: object,
) -> ChildProcess:
    """Return one process of a program, not started yet, with a page and run folder of its own.

    `port` is the page's, a free one unless given; `own` are settings of this process only.
    """
    port, run_dir = port or free_port(), settings.run_dir / str(number)
    running = find_running(settings.run_dir)
    if running is not None:
        record(run_dir, running)
    return ChildProcess(
        name,
        [sys.executable, *program.arguments],
        port=port,
        log=log,
        env={
            **WRITTEN,
            **{n: str(v) for n, v in _explicit(settings).items()},
            env_name("web_port"): str(port),
            env_name("run_dir"): str(run_dir),
            **{env_name(n): str(v) for n, v in own.items()},
        },
        cwd=ROOT,
    )


def own_settings(
    name: str, broker_url: str, redis_url: str, run_dir: Path, partitions: int, **own: object
) -> Settings:
    """Return the settings of a subject that shares a broker and a store with others.

    `own` are other settings by name.
    """
    return load(
        None,
        broker_url=broker_url,
        redis_url=redis_url,
        app_id=name,
        topic_prefix=f"{name}.",
        topic_partitions=partitions,
        run_dir=run_dir / name,
        **own,
    )


def _explicit(settings: Settings) -> dict[str, object]:
    return {env_name(name): getattr(settings, name) for name in settings.model_fields_set}
