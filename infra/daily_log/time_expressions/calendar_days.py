"""Days, weeks, months and years of the calendar, as first and last day."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING

from infra.daily_log.time_expressions.errors import TimeExpressionError
from infra.daily_log.time_expressions.when import WEEKDAYS

if TYPE_CHECKING:
    from infra.daily_log.time_expressions.when import Days

_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MONTHS = (
    *("jan(?:uary)?", "feb(?:ruary)?", "mar(?:ch)?", "apr(?:il)?", "may", "june?", "july?"),
    *("aug(?:ust)?", "sept?(?:ember)?", "oct(?:ober)?", "nov(?:ember)?", "dec(?:ember)?"),
)
_WEEKDAYS = (
    *("mon(?:day)?", "tue(?:s(?:day)?)?", "wed(?:nesday)?", "thu(?:r(?:s(?:day)?)?)?"),
    *("fri(?:day)?", "sat(?:urday)?", "sun(?:day)?"),
)
_DAY = timedelta(days=1)
EXPECTED = "a day of the calendar, as 25 November, 25 November 2026 or 2026-11-25"

NUMBER = rf"(?:\d{{1,4}}|an?|a couple of|{'|'.join(_NUMBERS)})"
MONTH = f"(?:{'|'.join(_MONTHS)})"
WEEKDAY = f"(?:{'|'.join(_WEEKDAYS)})"
YEAR = r"(?:(?:19|20)\d{2}(?! ?[:/.]))"
DAY_OF_MONTH = r"(?:\d{1,2}(?:st|nd|rd|th)?(?! ?[:/.]))"
NUMERIC_DATE = r"(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\.\d{1,2}\.(?:\d{4})?|\d{1,2}/\d{1,2}(?:/\d{4})?)"
DATE = (
    rf"(?:{NUMERIC_DATE}|(?:the )?{DAY_OF_MONTH} (?:of )?{MONTH}(?: {YEAR})?"
    rf"|{MONTH} (?:the )?{DAY_OF_MONTH}(?: {YEAR})?|the \d{{1,2}}(?:st|nd|rd|th))"
)
_LAST = "(?:last|past|previous)"
DAY = (
    rf"(?:today|(?:the )?day before yesterday|yesterday|{NUMBER} days? ago"
    rf"|(?:this|last) {WEEKDAY}|{DATE})"
)
PERIOD = (
    rf"(?:(?:this|(?:the )?{_LAST}) (?:week|weekend|month|year|{MONTH})"
    rf"|{NUMBER} (?:week|month|year)s? ago|(?:the )?{_LAST} {NUMBER} (?:day|week|month|year)s?"
    rf"|(?:the )?week of {DATE}|week \d{{1,2}}(?: {YEAR})?|\d{{4}}-\d{{1,2}}"
    rf"|{MONTH}(?: {YEAR})?|{YEAR})"
)

_NUMERIC = re.compile(
    r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})|(?P<dd>\d{1,2})\.(?P<dm>\d{1,2})\.(?P<dy>\d{4})?"
)
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}))?")
_NAMED = re.compile(
    rf"(?:the )?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: of)?(?: (?P<m>{MONTH}))?(?: (?P<y>\d{{4}}))?"
)
_MONTH_FIRST = re.compile(
    rf"(?P<m>{MONTH}) (?:the )?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: (?P<y>\d{{4}}))?"
)
_AGO = re.compile(rf"({NUMBER}) (day|week|month|year)s? ago")
_ROLLING = re.compile(rf"(?:the )?{_LAST} ({NUMBER}) (day|week|month|year)s?")
_RELATIVE = re.compile(rf"(?:the )?(this|{_LAST}) (.+)")
_WEEK_OF = re.compile(r"(?:the )?week of (.+)")
_WEEK = re.compile(r"week (\d{1,2})(?: (\d{4}))?")
_MONTH_OF_YEAR = re.compile(
    rf"(?:(?P<y>\d{{4}})-(?P<m>\d{{1,2}})|(?P<n>{MONTH})(?: (?P<ny>\d{{4}}))?)"
)


def number(text: str) -> int:
    """Return the number that `NUMBER` matches."""
    if text.isdigit():
        return int(text)
    if text in ("a", "an"):
        return 1
    return 2 if text == "a couple of" else _NUMBERS.index(text) + 1


def weekday(text: str) -> int:
    """Return the weekday that `WEEKDAY` matches, 0 for Monday."""
    return next(day for day, name in enumerate(WEEKDAYS) if text[:3] == name.casefold()[:3])


def latest(day_of_week: int, today: date) -> date:
    """Return the latest such weekday until today."""
    return today - _DAY * ((today.weekday() - day_of_week) % 7)


def days_of(text: str, today: date) -> Days:
    """Return the days that `DAY` or `PERIOD` matches.

    A date without a year or month is the latest one until today. Weeks begin on Monday; "last
    week", "last month" are whole ones, "the past week" and "the last 7 days" end today. Raises
    `TimeExpressionError`, and `OverflowError` outside the calendar of `date`.
    """
    if text == "today":
        return today, today
    if text.endswith("yesterday"):
        day = today - _DAY * (1 if text == "yesterday" else 2)
        return day, day
    if match := _AGO.fullmatch(text):
        return _ago(number(match[1]), match[2], today)
    if match := _ROLLING.fullmatch(text):
        return _back(number(match[1]), match[2], today), today
    if match := _RELATIVE.fullmatch(text):
        return _relative(match[1], match[2], today)
    if match := _WEEK_OF.fullmatch(text):
        return _week(days_of(match[1], today)[0])
    if match := _WEEK.fullmatch(text):
        return _numbered_week(text, int(match[1]), match[2], today)
    if re.fullmatch(YEAR, text):
        return date(int(text), 1, 1), date(int(text), 12, 31)
    if match := _MONTH_OF_YEAR.fullmatch(text):
        return _month_of_year(match, text, today)
    day = _date(text, today)
    return day, day


def _ago(count: int, unit: str, today: date) -> Days:
    day = _back(count, unit, today)
    if unit == "day":
        return day, day
    if unit == "week":
        return _week(day)
    return _month(day) if unit == "month" else (date(day.year, 1, 1), date(day.year, 12, 31))


def _back(count: int, unit: str, today: date) -> date:
    """Return the day so many units before today; the last of a month that is too short."""
    if unit in ("day", "week"):
        return today - timedelta(days=count if unit == "day" else 7 * count)
    months = today.year * 12 + today.month - 1 - (count if unit == "month" else 12 * count)
    if months < 12:
        raise OverflowError
    first, last = _month(date(months // 12, months % 12 + 1, 1))
    return first.replace(day=min(today.day, last.day))


def _relative(which: str, unit: str, today: date) -> Days:
    this = which == "this"
    if unit == "week" and which == "past":
        return today - 7 * _DAY, today
    if unit in ("month", "year") and which == "past":
        return _back(1, unit, today), today
    if unit == "week":
        return _week(today if this else today - 7 * _DAY)
    if unit == "weekend":
        saturday = _week(today)[0] + 5 * _DAY
        if not this and saturday + _DAY >= today:
            saturday -= 7 * _DAY
        return saturday, saturday + _DAY
    if unit in ("month", "year"):
        return _ago(0 if this else 1, unit, today)
    if re.fullmatch(MONTH, unit):
        month = _month_number(unit)
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


def _month_number(name: str) -> int:
    return next(at for at, each in enumerate(_MONTHS, start=1) if re.fullmatch(each, name))


def _month_of_year(match: re.Match[str], text: str, today: date) -> Days:
    month = int(match["m"]) if match["m"] else _month_number(match["n"])
    year = match["y"] or match["ny"]
    if not 1 <= month <= 12 or (year and int(year) < 1):
        raise TimeExpressionError(text, "a month from 01 to 12, as 2026-11")
    return _month(date(int(year) if year else today.year - (month > today.month), month, 1))


def _date(text: str, today: date) -> date:
    day, month, year = _fields(text)
    months = today.year * 12 + today.month - 1
    if month and year:
        possible = [(year, month)]
    elif month:
        # Eight years back 29 February exists, too.
        possible = [(today.year - back, month) for back in range(9)]
    else:
        possible = [((months - back) // 12, (months - back) % 12 + 1) for back in range(12)]
    for in_year, in_month in possible:
        with suppress(ValueError):
            found = date(in_year, in_month, day)
            if year or found <= today:
                return found
    raise TimeExpressionError(text, EXPECTED)


def _fields(text: str) -> tuple[int, int | None, int | None]:
    """Return the day, month and year of a date, None for what is not given."""
    if match := _SLASHED.fullmatch(text):
        first, second = int(match[1]), int(match[2])
        if first <= 12 and second <= 12 and first != second:
            raise TimeExpressionError(
                text, "the name of the month, since days and months may come in either order"
            )
        day, month = (second, first) if second > 12 else (first, second)
        return day, month, int(match[3]) if match[3] else None
    if match := _NUMERIC.fullmatch(text):
        year = match["y"] or match["dy"]
        return (
            int(match["d"] or match["dd"]),
            int(match["m"] or match["dm"]),
            int(year) if year else None,
        )
    match = _NAMED.fullmatch(text) or _MONTH_FIRST.fullmatch(text)
    if match is None:
        raise TimeExpressionError(text, EXPECTED)
    return (
        int(match["d"]),
        _month_number(match["m"]) if match["m"] else None,
        int(match["y"]) if match["y"] else None,
    )
