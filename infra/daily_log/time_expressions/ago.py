"""Times that are counted back from now: hours ago, and the last hours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from infra.daily_log.time_expressions.calendar_days import back, days_of
from infra.daily_log.time_expressions.durations import FEW, Duration, duration, is_vague
from infra.daily_log.time_expressions.errors import TimeExpressionError
from infra.daily_log.time_expressions.spans import OPEN_WORDS
from infra.daily_log.time_expressions.when import ALWAYS
from schemas.event_time import ns_of
from schemas.frames import NS

if TYPE_CHECKING:
    import re

    from infra.daily_log.time_expressions.conditions import Conditions

# What "2 hours ago", "10 minutes ago" may be off, in minutes.
_AGO_MINUTES = {"hour": 30, "minute": 5, "second": 1}


def _past(then: Duration, conditions: Conditions) -> int:
    """Return the moment so long ago, ns since the epoch."""
    if not then.months:
        return ns_of(conditions.now) - then.total_ns
    present = conditions.now
    minute = present.hour * 60 + present.minute
    return conditions.ns(back(replace(then, ns=0), conditions.today), minute) - then.ns


def add_last_hours(match: re.Match[str], conditions: Conditions) -> bool | None:
    """Add "the last 2 hours"; False for days, which are in `PERIOD`."""
    then = duration(match["duration"])
    if not then.is_short:
        return False
    conditions.spans.append((_past(then, conditions), ns_of(conditions.now)))
    return None


def add_hours_ago(match: re.Match[str], conditions: Conditions) -> bool | None:
    """Add a time so many hours ago; False for days, which are in `PERIOD`."""
    then = duration(match["duration"])
    if not then.is_short:
        return False
    then_ns, about_ns = _past(then, conditions), _AGO_MINUTES[then.unit] * 60 * NS
    span = (then_ns - about_ns, then_ns + about_ns)
    vague = is_vague(match["duration"])
    if vague:
        latest, earliest = (duration(f"{few} {then.unit}s") for few in FEW)
        span = (_past(earliest, conditions), _past(latest, conditions))
    if match["which"] is None:
        conditions.spans.append(span)
    elif OPEN_WORDS[match["which"]] in ("since", "after", "from"):
        conditions.spans.append((span[0] if vague else then_ns, ALWAYS[1]))
    else:
        conditions.spans.append((ALWAYS[0], span[1] if vague else then_ns))
    return None


def add_hours_until(match: re.Match[str], conditions: Conditions) -> bool | None:
    """Add the time from so many hours ago to fewer, or to now; False for days ago."""
    first = duration(match["duration"])
    last = None if match["end"] == "now" else duration(match["end"].removesuffix(" ago"))
    if last is not None and not (first.is_short or last.is_short):
        return False
    begin = _past(first, conditions)
    end = ns_of(conditions.now) if last is None else _past(last, conditions)
    if begin == end:
        raise TimeExpressionError(match[0], "an end after its start")
    # "Between 2 and 3 hours ago" is said of both orders.
    conditions.spans.append((min(begin, end), max(begin, end)))
    return None


def add_between_ago(match: re.Match[str], conditions: Conditions) -> None:
    """Add "2 to 3 hours ago", whose numbers may be in either order."""
    unit = match["unit"]
    counts = (duration(f"{match[name]} {unit}") for name in ("first", "last"))
    latest, earliest = sorted(counts, key=lambda each: (each.months, each.total_ns))
    if latest.is_short:
        conditions.spans.append((_past(earliest, conditions), _past(latest, conditions)))
        return
    texts = (f"{match[name]} {unit} ago" for name in ("first", "last"))
    both = sorted(days_of(text, conditions.today) for text in texts)
    conditions.days.append((both[0][0], both[1][1]))
