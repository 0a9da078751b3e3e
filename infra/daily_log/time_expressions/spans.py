"""Spans from one point of time to another, and those that are open at an end."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from infra.daily_log.time_expressions.calendar_days import days_of
from infra.daily_log.time_expressions.clock_times import MIDNIGHT, ClockRange, range_between
from infra.daily_log.time_expressions.errors import TimeExpressionError
from infra.daily_log.time_expressions.points import Point, point_of
from infra.daily_log.time_expressions.when import ALWAYS

if TYPE_CHECKING:
    from infra.daily_log.time_expressions.conditions import Conditions
    from infra.daily_log.time_expressions.when import Days

UNTIL = r"(?:up to|up until|to|until|till|through|-)"
# Each with what it is read as.
OPEN_WORDS = {
    **{each: each for each in ("since", "after", "before", "until", "from")},
    **{"later than": "after", "earlier than": "before", "no later than": "until", "till": "until"},
    **{"up to": "until", "up until": "until", "by": "until"},
}
OPEN_WORD = "|".join(sorted(OPEN_WORDS, key=len, reverse=True))
_DAY = timedelta(days=1)
# Of a span whose end has no month, and no year.
_LONGEST_DAYS = (30, 183)
_NIGHT_BEFORE = re.compile(r"\bnight (?:of )?(?:the )?$")
ORDERED = "an end after its start"
# After midnight.
_EARLY = ClockRange(0, 6 * 60)


def add_days_of_month(match: re.Match[str], conditions: Conditions) -> None:
    """Add days of one month: "24 to 26 November"."""
    month = match["month"] or match["month_before"]
    year = match["year"] or match["year_after"]
    begin, end = (match[name] or match[f"{name}_after"] for name in ("first", "last"))
    first, _ = days_of(f"{begin} {month}{f' {year}' if year else ''}", conditions.today)
    last, _ = days_of(f"{end} {month} {first.year}", conditions.today)
    first, last = _ordered(first, last, match[0])
    one_night = last == first + _DAY and _is_of_one_night(match)
    conditions.days.append((first, first if one_night else last))


def _is_of_one_night(match: re.Match[str]) -> bool:
    """Return whether a span is that of a night, as "the night from Monday to Tuesday"."""
    return _NIGHT_BEFORE.search(match.string, 0, match.start()) is not None


def _ordered(first: date, last: date, text: str) -> Days:
    """Return the days from first to last; raises `TimeExpressionError` if last is before first."""
    if first > last:
        raise TimeExpressionError(text, ORDERED)
    return first, last


def add_between(match: re.Match[str], conditions: Conditions) -> bool | None:
    """Add what is between two points; False if they have neither days nor times in common."""
    first = point_of(match["from"] or match["first"], conditions.today)
    last = end_after(first, match["to"] or match["last"], conditions.today)
    if first.has_day and last.has_day and (first.has_time or last.has_time):
        _span_between(first, last, match[0], conditions)
    elif first.has_day and last.has_day:
        _days_between(first, last, match, conditions)
    elif first.has_time and last.has_time:
        conditions.add_day(first)
        conditions.add_day(last)
        _minutes_between(first, last, conditions)
    else:
        return False
    return None


def end_after(first: Point, text: str, today: date) -> Point:
    """Return the end of a span: of a date without a year or month the next one after the start."""
    last = point_of(text, today)
    if first.days is None or not (first.dated and last.dated):
        return last
    begin = first.days[0]
    for days in _LONGEST_DAYS:
        if last.days_until(today)[1] < begin:
            last = point_of(text, begin + _DAY * days)
    return last


def _minutes_between(first: Point, last: Point, conditions: Conditions) -> None:
    if first.clock is not None and last.clock is not None:
        conditions.clocks.append(range_between(first.clock, last.clock))
        return
    begin, end = first.minutes[0], last.minutes[1]
    conditions.parts.append((begin, end if end > begin else end + MIDNIGHT))


def _days_between(first: Point, last: Point, match: re.Match[str], conditions: Conditions) -> None:
    if first.weekday is not None and last.weekday is not None:
        length = (last.weekday - first.weekday) % 7
        if length == 1 and _is_of_one_night(match):
            length = 0
        conditions.weekdays |= {(first.weekday + later) % 7 for later in range(length + 1)}
        return
    begin, end = first.days_until(conditions.today)[0], last.days_until(conditions.today)[1]
    begin, end = _ordered(begin_before(begin, end, first), end, match[0])
    if end == begin + _DAY and _is_of_one_night(match):
        end = begin
    conditions.days.append((begin, end))


def begin_before(begin: date, end: date, point: Point) -> date:
    """Return the day of a weekday at or before the end of its span."""
    weeks = -((end - begin).days // 7) if point.weekday is not None and begin > end else 0
    return begin - _DAY * 7 * weeks


def _span_between(first: Point, last: Point, text: str, conditions: Conditions) -> None:
    begin_day = first.days_until(conditions.today)[0]
    end_day = last.days_until(conditions.today)[1]
    begin_day = begin_before(begin_day, end_day, first)
    begin = conditions.ns(begin_day, first.minutes[0])
    end = conditions.ns(end_day, last.minutes[1])
    if begin >= end:
        raise TimeExpressionError(text, ORDERED)
    conditions.spans.append((begin, end))


def add_until_now(match: re.Match[str], conditions: Conditions) -> None:
    """Add what is from a point to now."""
    _add_open("since", point_of(match["point"], conditions.today), conditions)


def add_open(match: re.Match[str], conditions: Conditions) -> None:
    """Add what is since, after, before or until a point."""
    _add_open(OPEN_WORDS[match["which"]], point_of(match["point"], conditions.today), conditions)


def _add_open(which: str, point: Point, conditions: Conditions) -> None:
    if point.has_day and point.clock_first and which != "since":
        # "Before 9 yesterday" is of yesterday, "before yesterday at 9" is not.
        conditions.add_day(point)
        _open_minutes(which, point, conditions)
    elif point.has_day and point.has_time:
        _open_span(which, point, conditions)
    elif point.has_day:
        first, last = point.days_until(conditions.today)
        conditions.days.append(
            {
                "since": (first, date.max),
                "from": (first, date.max),
                "after": (min(last, date.max - _DAY) + _DAY, date.max),
                "before": (date.min, max(first, date.min + _DAY) - _DAY),
            }.get(which, (date.min, last))
        )
    elif which == "since":
        minute = point.minutes[0] % MIDNIGHT
        begin = conditions.ns(conditions.latest_day(minute), minute)
        conditions.spans.append((begin, ALWAYS[1]))
    else:
        _open_minutes(which, point, conditions)


def _open_span(which: str, point: Point, conditions: Conditions) -> None:
    first, last = point.days_until(conditions.today)
    begin, end = conditions.ns(first, point.minutes[0]), conditions.ns(last, point.minutes[1])
    conditions.spans.append(
        {
            "since": (begin, ALWAYS[1]),
            "from": (begin, ALWAYS[1]),
            "after": (end, ALWAYS[1]),
            "before": (ALWAYS[0], begin),
        }.get(which, (ALWAYS[0], end))
    )


def _open_minutes(which: str, point: Point, conditions: Conditions) -> None:
    half = point.clock.half if point.clock is not None else ""
    first, last = point.minutes
    if which in ("after", "from"):
        begin = last if which == "after" else first
        clock = ClockRange(begin, None, half) if begin < MIDNIGHT else _EARLY
    else:
        clock = ClockRange(None, first if which == "before" else last, half)
    conditions.clocks.append(clock)
