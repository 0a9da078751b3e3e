"""Sessions that few workers need, opened when they are first run."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from models.serving.session import NetworkSession


class LateSession:
    """Runs what `opening` returns, which is called once, by the first thread that needs it."""

    def __init__(self, opening: Callable[[], NetworkSession]) -> None:
        self._opening = opening
        self._opened: NetworkSession | None = None
        self._turn = threading.Lock()

    @property
    def names(self) -> frozenset[str]:
        """The names of inputs and outputs."""
        return self._session().names

    def run(self, **inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """Return all outputs of one item in order."""
        return self._session().run(**inputs)

    def run_all(self, items: Sequence[Mapping[str, NDArray[Any]]]) -> list[list[NDArray[Any]]]:
        """Return all outputs of each item; no items open nothing."""
        return [] if not items else self._session().run_all(items)

    def _session(self) -> NetworkSession:
        with self._turn:
            if self._opened is None:
                self._opened = self._opening()
            return self._opened
