"""Waits between calls: what the endpoint asks for, or exponential backoff with jitter."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from time import monotonic
from typing import TYPE_CHECKING

from infra import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Longer requested waits are capped.
PAUSE_MAX_S = 3_600.0
_BACKOFF_S = 0.5
_BACKOFF_MAX_S = 8.0


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds that `Retry-After` (RFC 9110 §10.2.3) asks for, None without it.

    Both of its forms are read, and OpenAI's `retry-after-ms`, which takes precedence. A date is
    compared with the endpoint's own clock where it says its time (`Date`), else with `now`: this
    machine's may be hours off.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _clamp(milliseconds / 1000)
    asked = headers.get("retry-after")
    if asked is None:
        return None
    seconds = _number(asked)
    if seconds is not None:
        return _clamp(seconds)
    until = _date(asked)
    if until is None:
        return None
    asked_at = _date(headers.get("date")) or now or datetime.fromtimestamp(clock.now_s(), UTC)
    return _clamp((until - asked_at).total_seconds())


def backoff_s(failures: int, draw: Callable[[], float] = random.random) -> float:
    """Return the wait after consecutive failures, s: doubling, half of it random."""
    longest = min(_BACKOFF_MAX_S, _BACKOFF_S * 2.0 ** (failures - 1))
    return longest * (0.5 + 0.5 * draw())


class Pause:
    """One pause for every caller of an endpoint."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._until = clock()

    def hold(self, wait_s: float) -> None:
        """Pause calls for `wait_s`; a longer pause stays in force."""
        self._until = max(self._until, self._clock() + wait_s)

    @property
    def left_s(self) -> float:
        """Seconds until the endpoint may be called."""
        return max(0.0, self._until - self._clock())


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return value if value is not None and isfinite(value) else None


def _date(text: str | None) -> datetime | None:
    try:
        date = None if text is None else parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date is None or date.tzinfo is not None else date.replace(tzinfo=UTC)


def _clamp(seconds: float) -> float:
    return min(PAUSE_MAX_S, max(0.0, seconds))
