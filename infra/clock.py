"""The wall clock that the whole product reads, so that tests can make it step.

Durations use the monotonic clock instead, which never steps; event times come with the frames.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_read: Callable[[], int] = time.time_ns


def now_ns() -> int:
    """Return the time, ns since the epoch."""
    return _read()


def now_s() -> float:
    """Return the time, s since the epoch."""
    return _read() / 1e9


def read_from(source: Callable[[], int]) -> None:
    """Read this process's time from `source`, ns since the epoch."""
    global _read  # noqa: PLW0603 - one clock per process
    _read = source
