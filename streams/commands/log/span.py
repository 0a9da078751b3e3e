"""Times and spans of the command line."""

from __future__ import annotations

from faust.cli import option

from infra.errors import InfraError
from schemas.event_time import iso
from schemas.message import END_OF_TIME_NS
from streams.commands.times import time_ns

FROM = option("--from", "from_", help="First time, ISO 8601 (UTC where no offset is given).")
TO = option("--to", "to", help="Time before which it ends, ISO 8601.")


class LogCommandError(InfraError):
    """An invalid request about the log."""


def span_of(from_: str | None, to: str | None) -> tuple[int, int]:
    """Return [from, to) in ns, by default all time.

    Raises `TimeError`, and `LogCommandError` if it is empty."""
    first = time_ns(from_) if from_ is not None else 0
    end = time_ns(to) if to is not None else END_OF_TIME_NS
    if first >= end:
        raise LogCommandError(
            f"--from is {from_ or iso(first)}; expected a time before --to ({to or iso(end)})"
        )
    return first, end
