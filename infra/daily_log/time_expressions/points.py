"""A point of time, as in "since yesterday at 8": a day, a time of the day, or both."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from infra.daily_log.time_expressions.calendar_days import days_of, latest, weekday
from infra.daily_log.time_expressions.calendar_patterns import DATE, DAY, MONTH, PERIOD, WEEKDAY
from infra.daily_log.time_expressions.clock_times import (
    AROUND,
    HOUR_OR_CLOCK,
    PART,
    PARTS,
    THE_NIGHT,
    ClockTime,
    clock_time,
    part_of_day,
)
from infra.daily_log.time_expressions.durations import NUMBER, number
from infra.daily_log.time_expressions.errors import TimeExpressionError

if TYPE_CHECKING:
    from datetime import date

    from infra.daily_log.time_expressions.when import Days, Minutes

# "This morning" is one of a day; a part of the day alone is one of every day.
_A_PART = "(?:night|morning|lunchtime|afternoon|evening)"
PART_OF_A_DAY = (
    rf"(?:this {_A_PART}|tonight|(?:the )?last {NUMBER} {_A_PART}s|last {_A_PART}"
    rf"|{NUMBER} {_A_PART}s? ago|(?:the )?{_A_PART} before last)"
)
_COUNTED_PARTS = re.compile(
    rf"(?:the )?last (?P<last>{NUMBER}) {_A_PART}s|(?P<ago>{NUMBER}) {_A_PART}s? ago"
)
_DAYS = rf"(?:{DAY}|{PERIOD}|{WEEKDAY})"
_NAMED_POINT = (
    rf"(?:(?P<days>{_DAYS})"
    rf"(?: (?:at )?(?:{AROUND} )?(?P<clock>{HOUR_OR_CLOCK})| (?:in the )?(?P<part>{PART}))?"
    rf"|(?P<part_of_a_day>{PART_OF_A_DAY})"
    rf"|(?:{AROUND} )?(?P<first_clock>{HOUR_OR_CLOCK})(?: (?:on |in )?(?P<later_days>{_DAYS}))?"
    rf"|(?P<part_alone>{PART}))"
)
POINT = re.sub(r"\?P<\w+>", "?:", _NAMED_POINT)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Point:
    """A point of time.

    It has `days` of the calendar or a `weekday`, or neither, and a time of the `clock` or a `part`
    of the day, or neither. `clock_first` is whether the time is before the day: "6 pm on Tuesday";
    `dated` is whether the days are a date or a month.
    """

    days: Days | None = None
    weekday: int | None = None
    clock: ClockTime | None = None
    part: Minutes | None = None
    clock_first: bool = False
    dated: bool = False

    @property
    def has_day(self) -> bool:
        """Whether there are days or a weekday."""
        return self.days is not None or self.weekday is not None

    @property
    def has_time(self) -> bool:
        """Whether there is a time of the day."""
        return self.clock is not None or self.part is not None

    @property
    def minutes(self) -> Minutes:
        """The time of the day, in minutes from midnight; the whole day if none is given."""
        if self.clock is not None:
            return self.clock.minute, self.clock.minute
        return self.part or (0, 24 * 60)

    def days_until(self, today: date) -> Days:
        """Return the days; of a weekday the latest, and today if there is none."""
        if self.days is not None:
            return self.days
        day = today if self.weekday is None else latest(self.weekday, today)
        return day, day


def point_of(text: str, today: date) -> Point:
    """Return the point that `POINT` matches; raises `TimeExpressionError`."""
    match = _named_point().fullmatch(text)
    if match is None:
        raise TimeExpressionError(text, "a day, a time of the day, or both")
    if match["part_of_a_day"]:
        return _part_of_a_day(match["part_of_a_day"], today)
    days = match["days"] or match["later_days"]
    clock = match["clock"] or match["first_clock"]
    part = match["part"] or match["part_alone"]
    of_week = weekday(days) if days and re.fullmatch(WEEKDAY, days) else None
    return Point(
        days=days_of(days, today) if days and of_week is None else None,
        weekday=of_week,
        clock=clock_time(clock) if clock else None,
        part=part_of_day(part) if part else None,
        clock_first=match["first_clock"] is not None,
        dated=days is not None and re.fullmatch(f"{DATE}|{MONTH}", days) is not None,
    )


@cache
def _named_point() -> re.Pattern[str]:
    return re.compile(_NAMED_POINT)


def _part_of_a_day(text: str, today: date) -> Point:
    first = last = today
    if match := _COUNTED_PARTS.fullmatch(text):
        first = today - _DAY * number(match["last"] or match["ago"])
        last = today - _DAY if match["last"] else first
    elif text.endswith("before last"):
        first = last = today - 2 * _DAY
    elif text.startswith("last"):
        first = last = today - _DAY
    words = [word.removesuffix("s") for word in text.split()]
    name = "night" if "tonight" in words else next(word for word in words if word in PARTS)
    return Point(days=(first, last), part=THE_NIGHT if name == "night" else part_of_day(name))
