"""Times of the command line."""

from __future__ import annotations

from infra.errors import InfraError
from schemas.event_time import EXPECTED, parse


class TimeError(InfraError):
    """A text that is no time."""


def time_ns(text: str) -> int:
    """Return a time of the command line as ns since the epoch; raises `TimeError`."""
    try:
        return parse(text)
    except ValueError as error:
        raise TimeError(f"time is {text!r}; expected {EXPECTED}") from error
