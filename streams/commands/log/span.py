"""Times and spans of the command line."""

from __future__ import annotations

from faust.cli import option

from infra.errors import InfraError
from schemas.event_time import EXPECTED, iso, parse
from schemas.message import END_OF_TIME_NS

FROM = option("--from", "from_", help="First time, ISO 8601 (UTC where no offset is given).")
TO = option("--to", "to", help="Time before which it ends, ISO 8601.")


class LogCommandError(InfraError):
    """An invalid request about the log."""


def event_time(text: str) -> int:
    """Return a time of the command line as ns since the epoch.

    Raises `LogCommandError` if it is not a time.
    """
    try:
        return parse(text)
    except ValueError as error:
        raise LogCommandError(f"time is {text!r}; expected {EXPECTED}") from error


def span_of(from_: str | None, to: str | None) -> tuple[int, int]:
    """Return [from, to) in ns, by default all time; raises `LogCommandError`."""
    first = event_time(from_) if from_ is not None else 0
    end = event_time(to) if to is not None else END_OF_TIME_NS
    if first >= end:
        raise LogCommandError(
            f"--from is {from_ or iso(first)}; expected a time before --to ({to or iso(end)})"
        )
    return first, end
