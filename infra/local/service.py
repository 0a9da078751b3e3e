"""What the services that we start ourselves have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from infra.local.process import ChildProcess


class Service(ABC):
    """One child process with an address; a context manager that gives its `url`."""

    url: str
    _child: ChildProcess | None = None

    @abstractmethod
    def start(self) -> str:
        """Start it and return its address; raises a `ServiceError`."""

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._child.pid if self._child else None

    def stop(self, grace_s: float = 1.0) -> None:
        """End it: ask, and kill it after `grace_s`. Does nothing when it is not running."""
        if self._child is not None:
            self._child.stop(grace_s)
            self._child = None

    def __enter__(self) -> Self:
        self.url = self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
