"""Days, weeks, months and years of the calendar, as first and last day."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING

from infra.daily_log.time_expressions.calendar_patterns import (
    A_MONTH,
    CALENDAR_UNIT,
    DAY_WITHIN,
    LAST,
    MONTH,
    ORDINALS,
    RELATIVE_MONTH,
    WEEKDAY,
    YEAR,
)
from infra.daily_log.time_expressions.durations import (
    FEW,
    LONG_DURATION,
    NUMBER,
    PAST_LONG_DURATION,
    Duration,
    duration,
    is_vague,
    number,
)
from infra.daily_log.time_expressions.errors import TimeExpressionError
from infra.daily_log.time_expressions.when import WEEKDAYS
from infra.daily_log.time_expressions.written_dates import EXPECTED, date_of, month_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.daily_log.time_expressions.when import Days

_DAY = timedelta(days=1)
_AGO = re.compile(rf"({LONG_DURATION}) ago")
_AGO_FROM = re.compile(
    rf"({LONG_DURATION}) ago (today|yesterday|(?:on )?{WEEKDAY})"
    rf"|(today|yesterday|(?:on )?{WEEKDAY}) ({LONG_DURATION}) ago"
)
_WEEKDAYS_AGO = re.compile(rf"({NUMBER}) ({WEEKDAY})s? ago|(?:the )?({WEEKDAY}) before last")
_WEEKENDS_AGO = re.compile(rf"({NUMBER}) weekends? ago")
_BEFORE_LAST = re.compile(rf"(?:the )?({CALENDAR_UNIT}) before last")
_DAY_OF_A_MONTH = re.compile(
    rf"(?:the )?(?P<day>{DAY_WITHIN}) (?:of )?(?P<month>{A_MONTH})"
    rf"|(?P<month_before>{A_MONTH}) (?:on )?(?:the )?(?P<day_after>{DAY_WITHIN})"
)
_ROLLING = re.compile(rf"(?:the )?{LAST} ({PAST_LONG_DURATION})")
_RELATIVE = re.compile(rf"(?:the )?({LAST}|this) (.+)")
_WEEK_OF = re.compile(r"(?:the )?week of (.+)")
_WEEK = re.compile(r"(?:calendar )?week (\d{1,2})(?: (\d{4}))?")
_MONTH_OF_YEAR = re.compile(
    rf"(?:(?P<y>\d{{4}})-(?P<m>\d{{1,2}})|(?P<n>{MONTH})(?: (?P<ny>\d{{4}}))?)"
)


def weekday(text: str) -> int:
    """Return the weekday that `WEEKDAY` matches, 0 for Monday."""
    return next(day for day, name in enumerate(WEEKDAYS) if text[:3] == name.casefold()[:3])


def latest(day_of_week: int, today: date) -> date:
    """Return the latest such weekday until today."""
    return today - _DAY * ((today.weekday() - day_of_week) % 7)


def days_of(text: str, today: date) -> Days:
    """Return the days that `calendar_patterns.DAY` or `PERIOD` matches.

    A date without a year or month is the latest one until today. Weeks begin on Monday; "last
    week", "last month" are whole ones, "the past week" and "the last 7 days" end today. Raises
    `TimeExpressionError`, and `OverflowError` outside the calendar of `date`.
    """
    if text == "today":
        return today, today
    if text.endswith("day before yesterday") or text == "yesterday":
        day = today - _DAY * (1 if text == "yesterday" else 2)
        return day, day
    for pattern, days in _OF_TODAY:
        if match := pattern.fullmatch(text):
            return days(match, today)
    if match := _WEEK_OF.fullmatch(text):
        return _week(days_of(match[1], today)[0])
    if match := _WEEK.fullmatch(text):
        return _numbered_week(text, int(match[1]), match[2], today)
    if re.fullmatch(YEAR, text):
        return date(int(text), 1, 1), date(int(text), 12, 31)
    if text == "the weekend":
        saturday = latest(5, today)
        return saturday, saturday + _DAY
    if match := _MONTH_OF_YEAR.fullmatch(text):
        return _month_of_year(match, text, today)
    day = date_of(text, today)
    return day, day


def _ago(match: re.Match[str], today: date) -> Days:
    then = duration(match[1])
    if is_vague(match[1]):
        unit = then.unit
        first, last = (_unit_of(back(_of(few, unit), today), unit) for few in reversed(FEW))
        return first[0], last[1]
    return _unit_of(back(then, today), then.unit)


def _of(count: int, unit: str) -> Duration:
    return duration(f"{count} {unit}s")


def _ago_from(match: re.Match[str], today: date) -> Days:
    """Return the day of "a week ago today", "two weeks ago on Tuesday", "today a year ago"."""
    then = duration(match[1] or match[4])
    name = (match[2] or match[3]).removeprefix("on ")
    if name in ("today", "yesterday"):
        day = back(then, today - _DAY * (name == "yesterday"))
    elif then.unit == "week":
        day = _week(back(then, today))[0] + _DAY * weekday(name)
    else:
        day = latest(weekday(name), back(then, today))
    return day, day


def _weekdays_ago(match: re.Match[str], today: date) -> Days:
    count = 2 if match[3] else number(match[1])
    day = latest(weekday(match[2] or match[3]), today - _DAY) - 7 * _DAY * (count - 1)
    return day, day


def _weekends_ago(match: re.Match[str], today: date) -> Days:
    first, last = _relative_days("last", "weekend", today)
    weeks = 7 * _DAY * (number(match[1]) - 1)
    return first - weeks, last - weeks


def _before_last(match: re.Match[str], today: date) -> Days:
    first, _ = _relative_days("last", match[1], today)
    return _relative_days("last", match[1], first)


def _day_of_a_month(match: re.Match[str], today: date) -> Days:
    month = match["month"] or match["month_before"]
    text = match["day"] or match["day_after"]
    first, last = days_of("this month" if month == "the month" else month, today)
    if text == "last day":
        if last > today and re.fullmatch(MONTH, month):
            _, last = days_of(f"{month} {last.year - 1}", today)
        return last, last
    if text == "first day":
        return first, first
    number_of_day = ORDINALS.index(text) + 1 if text in ORDINALS else int(text[:-2])
    if not re.fullmatch(RELATIVE_MONTH, month):
        day = date_of(f"{number_of_day} {month}", today)
    elif 1 <= number_of_day <= last.day:
        day = first.replace(day=number_of_day)
    else:
        raise TimeExpressionError(match[0], EXPECTED)
    return day, day


def _rolling(match: re.Match[str], today: date) -> Days:
    return back(duration(match[1]), today), today


def _unit_of(day: date, unit: str) -> Days:
    """Return the calendar's week, month or year of a day, else the day."""
    if unit == "week":
        return _week(day)
    if unit == "month":
        return _month(day)
    return (date(day.year, 1, 1), date(day.year, 12, 31)) if unit == "year" else (day, day)


def back(then: Duration, today: date) -> date:
    """Return the day so long before today; the last of a month that is too short."""
    months = today.year * 12 + today.month - 1 - then.months
    if months < 12:
        raise OverflowError
    first, last = _month(date(months // 12, months % 12 + 1, 1))
    return first.replace(day=min(today.day, last.day)) - _DAY * then.whole_days


def _relative(match: re.Match[str], today: date) -> Days:
    return _relative_days(match[1].removeprefix("this "), match[2], today)


def _relative_days(which: str, unit: str, today: date) -> Days:
    this = which == "this"
    if unit == "week" and which == "past":
        return today - 7 * _DAY, today
    if unit in ("month", "year") and which == "past":
        return back(_of(1, unit), today), today
    if unit == "week":
        return _week(today if this else today - 7 * _DAY)
    if unit == "weekend":
        saturday = _week(today)[0] + 5 * _DAY
        if not this and saturday + _DAY >= today:
            saturday -= 7 * _DAY
        return saturday, saturday + _DAY
    if unit in ("month", "year"):
        return _unit_of(today if this else back(_of(1, unit), today), unit)
    if re.fullmatch(MONTH, unit):
        month = month_number(unit)
        year = today.year if this else today.year - (month >= today.month)
        return _month(date(year, month, 1))
    day = _week(today)[0] + _DAY * weekday(unit) if this else latest(weekday(unit), today - _DAY)
    return day, day


def _week(day: date) -> Days:
    first = day - _DAY * day.weekday()
    return first, first + 6 * _DAY


def _numbered_week(text: str, week: int, year: str | None, today: date) -> Days:
    this_year = today.isocalendar().year
    # At most seven years lie between two that have a week 53.
    for each in [int(year)] if year else range(this_year, this_year - 8, -1):
        with suppress(ValueError):
            first = date.fromisocalendar(each, week, 1)
            if year or first <= today:
                return _week(first)
    raise TimeExpressionError(text, "a week from 1 to 52, in some years 53")


def _month(day: date) -> Days:
    first = day.replace(day=1)
    return first, (first + 31 * _DAY).replace(day=1) - _DAY


def _month_of_year(match: re.Match[str], text: str, today: date) -> Days:
    month = int(match["m"]) if match["m"] else month_number(match["n"])
    year = match["y"] or match["ny"]
    if not 1 <= month <= 12 or (year and int(year) < 1):
        raise TimeExpressionError(text, "a month from 01 to 12, as 2026-11")
    return _month(date(int(year) if year else today.year - (month > today.month), month, 1))


_OF_TODAY: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Days]], ...] = (
    (_AGO, _ago),
    (_AGO_FROM, _ago_from),
    (_WEEKDAYS_AGO, _weekdays_ago),
    (_WEEKENDS_AGO, _weekends_ago),
    (_BEFORE_LAST, _before_last),
    (_DAY_OF_A_MONTH, _day_of_a_month),
    (_ROLLING, _rolling),
    (_RELATIVE, _relative),
)
