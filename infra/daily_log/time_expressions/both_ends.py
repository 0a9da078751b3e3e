"""Spans whose ends are said one by one, as "after 8 and before 10"."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from infra.daily_log.time_expressions.clock_times import MIDNIGHT, ClockRange, range_between
from infra.daily_log.time_expressions.errors import TimeExpressionError
from infra.daily_log.time_expressions.points import Point, point_of
from infra.daily_log.time_expressions.spans import (
    OPEN_WORDS,
    ORDERED,
    begin_before,
    end_after,
)

if TYPE_CHECKING:
    import re

    from infra.daily_log.time_expressions.conditions import Conditions

_DAY = timedelta(days=1)
# What begins a span; the other words end one.
_BEGINS = ("since", "after", "from")


def add_open_both(match: re.Match[str], conditions: Conditions) -> bool | None:
    """Add "after X and before Y"; of "before 8 and after 22", which no time is, either holds."""
    begins, ends = (OPEN_WORDS[match[name]] for name in ("which", "other_which"))
    begin, end = match["point"], match["other_point"]
    in_order = begins in _BEGINS
    if not in_order:
        begins, begin, ends, end = ends, end, begins, begin
    if begins not in _BEGINS or ends in _BEGINS:
        return False
    first = point_of(begin, conditions.today)
    last = end_after(first, end, conditions.today)
    if first.has_day and last.has_day:
        if _add_days(begins, first, ends, last, conditions):
            return True
        if in_order:
            raise TimeExpressionError(match[0], ORDERED)
        return False
    return (
        first.has_time
        and last.has_time
        and _add_minutes(begins, first, ends, last, conditions, in_order=in_order)
    )


def _add_days(begins: str, first: Point, ends: str, last: Point, conditions: Conditions) -> bool:
    """Add the time from one day to another; return whether there is any."""
    begin_day = first.days_until(conditions.today)[begins == "after"]
    end_day = last.days_until(conditions.today)[ends != "before"]
    begin_day = begin_before(begin_day, end_day, first)
    if first.has_time or last.has_time:
        begin = conditions.ns(begin_day, first.minutes[begins == "after"])
        end = conditions.ns(end_day, last.minutes[ends != "before"])
        if begin < end:
            conditions.spans.append((begin, end))
        return begin < end
    begin_day += _DAY * (begins == "after")
    end_day -= _DAY * (ends == "before")
    if begin_day <= end_day:
        conditions.days.append((begin_day, end_day))
    return begin_day <= end_day


def _add_minutes(
    begins: str, first: Point, ends: str, last: Point, conditions: Conditions, *, in_order: bool
) -> bool:
    """Add the time from one time of the day to another; return whether there is any."""
    clock = ClockRange(first.minutes[begins == "after"], last.minutes[ends != "before"])
    if first.clock is not None and last.clock is not None:
        clock = range_between(first.clock, last.clock)
    begin, end = clock.minutes(None)
    if begin >= end or (end > MIDNIGHT and not in_order):
        return False
    if begins == "since" and not first.has_day:
        day = conditions.latest_day(begin)
        conditions.spans.append((conditions.ns(day, begin), conditions.ns(day, end)))
        return True
    conditions.add_day(first)
    conditions.add_day(last)
    conditions.clocks.append(clock)
    return True
