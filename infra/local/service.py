"""Base classes of the services that we start ourselves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self

from infra.local.probe import free_port
from infra.local.process import ChildProcess

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Service(ABC):
    """One child process with an address; a context manager that returns its `url`."""

    url: str
    _child: ChildProcess | None = None

    @abstractmethod
    def start(self) -> str:
        """Start it and return its address; raises a `ServiceError`."""

    @property
    def pid(self) -> int | None:
        """Its process id while it is running, else None."""
        return self._child.pid if self._child else None

    def stop(self, grace_s: float = 1.0) -> None:
        """Terminate it, and kill it after `grace_s`; does nothing if it is not running."""
        if self._child is not None:
            self._child.stop(grace_s)
            self._child = None

    def __enter__(self) -> Self:
        self.url = self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class EmbeddedService(Service):
    """A service on loopback for one process and its children; its log is in the run folder.

    `limits` is a one-line warning for users about its limitations, or None.
    """

    name: ClassVar[str]
    log_name: ClassVar[str]
    start_timeout_s: ClassVar[float] = 10.0
    limits: str | None = None

    def __init__(self, run_dir: Path, port: int | None = None) -> None:
        self.run_dir = run_dir.absolute()
        self._port = port

    @abstractmethod
    def command(self, port: int) -> list[str]:
        """Return the program and its arguments; raises `BinaryMissingError`."""

    @abstractmethod
    def answers(self, port: int) -> bool:
        """Return whether it serves on `port`."""

    @abstractmethod
    def address(self, port: int) -> str:
        """Return its URL as a setting."""

    def start(self) -> str:
        """Start it and return its address; raises a `ServiceError`."""
        # Files in the current folder, such as a .env, must not configure it.
        return self._start_in(self.run_dir)

    def _start_in(self, folder: Path, inherit: Sequence[int] = ()) -> str:
        port = self._port or free_port()
        command = self.command(port)
        folder.mkdir(parents=True, exist_ok=True)
        child = ChildProcess(
            self.name,
            command,
            port=port,
            log=self.run_dir / self.log_name,
            cwd=folder,
            inherit=inherit,
        )
        child.start(lambda: self.answers(port), self.start_timeout_s)
        self._child = child
        return self.address(port)
