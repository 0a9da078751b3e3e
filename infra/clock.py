"""The host's clock, which the whole product reads through: a host's clock may step.

What a step does is tried by giving it another one. Durations are measured by the monotonic clock,
which knows no step, and times of recordings come with their frames.
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
    """Take the time from `source`, ns since the epoch, in this process."""
    global _read  # noqa: PLW0603 - a process has one clock
    _read = source
