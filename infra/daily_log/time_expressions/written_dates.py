"""A date as it is written: 25 November, the 25th, 25.11.2026, 2026-11-25."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date

from infra.daily_log.time_expressions.calendar_patterns import MONTH, MONTHS
from infra.daily_log.time_expressions.errors import TimeExpressionError

EXPECTED = "a day of the calendar, as 25 November, 25 November 2026 or 2026-11-25"
_NUMERIC = re.compile(
    r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})|(?P<dd>\d{1,2})\.(?P<dm>\d{1,2})\.(?P<dy>\d{4}|\d{2})?"
)
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))?")
_NAMED = re.compile(
    rf"(?:the )?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: of)?(?: (?P<m>{MONTH}))?(?: (?P<y>\d{{4}}))?"
)
_MONTH_FIRST = re.compile(
    rf"(?P<m>{MONTH}) (?:the )?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: (?P<y>\d{{4}}))?"
)


def month_number(name: str) -> int:
    """Return the month that `MONTH` matches, 1 for January."""
    return next(at for at, each in enumerate(MONTHS, start=1) if re.fullmatch(each, name))


def date_of(text: str, today: date) -> date:
    """Return the date that `calendar_patterns.DATE` matches, the latest until today.

    Raises `TimeExpressionError` for a day that the calendar does not have.
    """
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
            candidate = date(in_year, in_month, day)
            if year or candidate <= today:
                return candidate
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
        return day, month, _year(match[3])
    if match := _NUMERIC.fullmatch(text):
        year = match["y"] or match["dy"]
        return (
            int(match["d"] or match["dd"]),
            int(match["m"] or match["dm"]),
            _year(year),
        )
    match = _NAMED.fullmatch(text) or _MONTH_FIRST.fullmatch(text)
    if match is None:
        raise TimeExpressionError(text, EXPECTED)
    return (
        int(match["d"]),
        month_number(match["m"]) if match["m"] else None,
        int(match["y"]) if match["y"] else None,
    )


def _year(text: str | None) -> int | None:
    if not text:
        return None
    return int(text) + (2000 if len(text) == 2 else 0)
