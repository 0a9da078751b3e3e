"""A wall clock with an offset that is read from a file."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "clock-is-ahead-s"
_EVERY_S = 0.1


def step(folder: Path, ahead_s: float) -> None:
    """Set the offset of the clocks that read this folder, s; 0 sets them right."""
    (folder / _FILE).write_text(f"{ahead_s}", encoding="utf-8")


class SteppedClock:
    """The host's clock plus an offset, which is read ten times a second."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE
        self._ahead_ns = 0
        self._looked_s = float("-inf")

    def now_ns(self) -> int:
        """Return the time, ns since the epoch."""
        if time.monotonic() - self._looked_s > _EVERY_S:
            self._looked_s = time.monotonic()
            self._ahead_ns = self._read_ns()
        return time.time_ns() + self._ahead_ns

    def _read_ns(self) -> int:
        try:
            return round(1e9 * float(self._file.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            # Missing, or partially written.
            return self._ahead_ns
