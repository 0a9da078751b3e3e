"""Intended gaps in a log: the device was paused, or it was in quiet hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from schemas.event_time import NS_PER_MS
from schemas.quiet_hours import QuietHours

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schemas import DeviceControl


class Decision(NamedTuple):
    """A decision about a device, and when it was made, ms since the epoch."""

    at_ms: int
    control: DeviceControl


class IntendedGap(NamedTuple):
    """A span of event time without records, and the reason."""

    start_ns: int
    end_ns: int
    why: Literal["paused", "quiet"]


def intended_gaps(
    decisions: Sequence[Decision], quiet: QuietHours | None, from_ns: int, to_ns: int
) -> list[IntendedGap]:
    """Return the intended gaps within [from_ns, to_ns), ordered by start.

    decisions: in the order in which they were made; each holds until the next. quiet: the quiet
    hours of all devices. Pauses are in wall time, which equals event time for a live device.
    """
    every = [*_of_decisions(decisions, from_ns, to_ns)]
    if quiet is not None:
        every += [IntendedGap(*span, "quiet") for span in quiet.between(from_ns, to_ns)]
    return sorted(every)


def _of_decisions(decisions: Sequence[Decision], from_ns: int, to_ns: int) -> Iterator[IntendedGap]:
    ends_ns = [each.at_ms * NS_PER_MS for each in decisions[1:]] + [to_ns]
    for (at_ms, control), next_ns in zip(decisions, ends_ns, strict=False):
        start_ns, end_ns = max(at_ms * NS_PER_MS, from_ns), min(next_ns, to_ns)
        if start_ns >= end_ns:
            continue
        if control.state == "paused":
            until_ms = control.paused_until_ms
            past_ns = end_ns if until_ms is None else min(end_ns, until_ms * NS_PER_MS)
            if start_ns < past_ns:
                yield IntendedGap(start_ns, past_ns, "paused")
        if control.quiet is not None:
            for span in QuietHours.parse(control.quiet).between(start_ns, end_ns):
                yield IntendedGap(*span, "quiet")
