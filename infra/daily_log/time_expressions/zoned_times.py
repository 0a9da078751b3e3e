"""A time with a zone, as "2026-11-25T09:00Z" or "25 November 09:00+02:00"."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING

from infra.daily_log.time_expressions.calendar_patterns import DATE
from infra.daily_log.time_expressions.clock_times import CLOCK, clock_time
from infra.daily_log.time_expressions.errors import TimeExpressionError
from infra.daily_log.time_expressions.written_dates import date_of

if TYPE_CHECKING:
    from datetime import tzinfo

_ZONED = (
    rf"(?:^|(?<= ))(?:(?P<date>{DATE}) (?:at )?)?"
    r"(?:(?P<iso>\d{1,2}:\d{2}(?::\d{2})?)(?:\.\d+)?"
    r"(?: ?(?P<utc>z|utc|gmt)|(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2})?)"
    rf"|(?P<clock>{CLOCK}) (?:utc|gmt))(?= |$)"
)


def in_zone_of(text: str, now: datetime) -> str:
    """Return a text whose times with a zone are dates and times of the present's zone.

    Raises `TimeExpressionError` for one without a date, unless that zone has the same time all
    year: which time of the day it is then depends on the date.
    """
    return _compiled().sub(lambda match: _local(match, now), text)


def _local(match: re.Match[str], now: datetime) -> str:
    zone = now.tzinfo or UTC
    offset = _offset(match)
    clock = clock_time(match["iso"] or match["clock"])
    if match["date"] is None:
        if _offsets(zone, now.year) == {offset}:
            return match["iso"] or match["clock"]
        raise TimeExpressionError(
            match[0],
            f"a date beside it, as {now:%Y-%m-%d} {match[0]}, or a time of {zone} without a zone",
        )
    day = date_of(match["date"], now.date())
    at = datetime.combine(day, time(), timezone(offset)) + timedelta(minutes=clock.minute)
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _offset(match: re.Match[str]) -> timedelta:
    if not match["sign"]:
        return timedelta()
    hours, minutes = int(match["hours"]), int(match["minutes"] or 0)
    if hours > 14 or minutes >= 60:
        raise TimeExpressionError(match[0], "a zone from -14:00 to +14:00")
    return timedelta(hours=hours, minutes=minutes) * (-1 if match["sign"] == "-" else 1)


def _offsets(zone: tzinfo, year: int) -> set[timedelta | None]:
    """Return the offsets of a zone in the seasons of a year."""
    return {datetime(year, month, 1, tzinfo=zone).utcoffset() for month in range(1, 13)}


@cache
def _compiled() -> re.Pattern[str]:
    return re.compile(_ZONED)
