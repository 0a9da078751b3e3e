"""Dates and times of day as loggers, spreadsheets and people write them.

Year first (2026-03-02 08:00:00.020), day first with points (02.03.2026 08:00:00,020), with a
month's name (02-Mar-2026 08:00:00, Mar 2, 2026 8:00:00 AM) and with slashes (3/2/2026 8:00:00 AM):
there the day may come before the month or after it, which a file tells by a number above 12 or by
AM and PM.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

DayOrder = Literal["day first", "month first"]

_HALF = r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?"
_CLOCK = (
    r"(?P<hour>\d{1,2})[:.\-h](?P<minute>\d\d)[:.\-m](?P<second>\d\d)"
    r"(?:[.,:_](?P<fraction>\d{1,9}))?" + _HALF
)
_ZONE = r"\s*(?P<zone>Z|(?:UTC|GMT)?[+-]\d\d:?\d\d|UTC|GMT)?\s*$"
_YEAR_FIRST = re.compile(
    r"^\s*(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})[T _]+" + _CLOCK + _ZONE
)
# With points the day comes first everywhere.
_POINTS = re.compile(
    r"^\s*(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})[T _]+" + _CLOCK + _ZONE
)
_SLASHES = re.compile(
    r"^\s*(?P<a>\d{1,2})[/\-](?P<b>\d{1,2})[/\-](?P<year>\d{4})[T _]+" + _CLOCK + _ZONE
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = r"(?P<name>" + "|".join(_MONTHS) + r")[a-z]*\.?"
_DAY_NAME = re.compile(
    r"^\s*(?P<day>\d{1,2})[- ]" + _NAME + r"[- ](?P<year>\d{4})[T _]+" + _CLOCK + _ZONE,
    re.IGNORECASE,
)
_NAME_DAY = re.compile(
    r"^\s*" + _NAME + r"\s+(?P<day>\d{1,2})\s+(?P<year>\d{4})\s+" + _CLOCK + _ZONE, re.IGNORECASE
)
_CTIME = re.compile(
    r"^\s*" + _NAME + r"\s+(?P<day>\d{1,2})\s+" + _CLOCK + r"\s+(?P<year>\d{4})(?P<zone>)$",
    re.IGNORECASE,
)
_WEEKDAY = re.compile(r"^\s*(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", re.IGNORECASE)
_DAYTIME = re.compile(
    r"^\s*(?P<hour>\d{1,2}):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,:](?P<fraction>\d{1,9}))?"
    + _HALF
    + r"\s*$"
)
_MINUTES = re.compile(r"^\s*(\d{1,3}):(\d\d(?:[.,]\d{1,9})?)\s*$")
_DATE_ALONE = re.compile(r"^\s*\d{1,4}([-/.])\d{1,2}\1\d{1,4}\s*$")


def parse_date(text: str, zone: timezone = UTC, order: DayOrder | None = None) -> float:
    """Return a date and time as seconds since 1970; raises `ValueError`.

    `zone` is taken where the text names none; with slashes the `order` is needed.
    """
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        date = _in_words(text, order)
    else:
        if len(text) < 12:
            raise ValueError(f"{text!r} is a date without a time")
    return (date if date.tzinfo else date.replace(tzinfo=zone)).timestamp()


def _in_words(text: str, order: DayOrder | None) -> datetime:
    plain = _WEEKDAY.sub("", text.replace(", ", " "))
    forms = (_YEAR_FIRST, _POINTS, _DAY_NAME, _NAME_DAY, _CTIME)
    match = next((m for m in (form.match(plain) for form in forms) if m), None)
    if match is not None:
        parts = match.groupdict()
        name = parts.get("name")
        month = _MONTHS.index(name.lower()) + 1 if name else int(parts["month"])
        day = int(parts["day"])
    else:
        match = _SLASHES.match(plain)
        if match is None or order is None:
            raise ValueError(f"{text!r} is no date with a time")
        first, second = int(match["a"]), int(match["b"])
        day, month = (first, second) if order == "day first" else (second, first)
    hour = _hour(int(match["hour"]), match["half"])
    zone = zone_of(match["zone"] or None)
    if match["zone"] and zone is None:
        raise ValueError(f"{text!r} names the zone {match['zone']}, which there is not")
    date = datetime(
        int(match["year"]), month, day, hour, int(match["minute"]), int(match["second"]),
        tzinfo=zone,
    )  # fmt: skip
    return date + timedelta(microseconds=round(float(f"0.{match['fraction'] or 0}") * 1e6))


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(f"{hour} is no hour of a clock of twelve")
    return hour % 12 + (12 if half.lower() == "p" else 0)


@dataclass(frozen=True)
class SerialDays:
    """Days counted by `writer`, with their fraction; `epoch` is 1970-01-01 in them."""

    writer: str
    epoch: float

    def holds(self, days: float) -> bool:
        """Return whether they are a day of 2000 to 2099."""
        return 10_957 <= days - self.epoch < 47_482

    def parse(self, text: str) -> float:
        """Return seconds since 1970; raises `ValueError`."""
        return (float(text.replace(",", ".")) - self.epoch) * 86_400


SERIAL_DAYS = (SerialDays("a spreadsheet", 25_569), SerialDays("MATLAB", 719_529))


def day_order(texts: Sequence[str]) -> DayOrder | None:
    """Return how dates with slashes are written; None if they do not tell, or there are none."""
    matches = [
        m
        for m in (_SLASHES.match(_WEEKDAY.sub("", text.replace(", ", " "))) for text in texts)
        if m
    ]
    if any(int(m["a"]) > 12 for m in matches):
        return "day first"
    if any(int(m["b"]) > 12 or m["half"] for m in matches):
        return "month first"
    return None


def day_time_of_slashes(text: str) -> float:
    """Return the time of the day alone of a date with slashes, s; raises `ValueError`."""
    match = _SLASHES.match(text.replace(", ", " "))
    if match is None:
        raise ValueError(f"{text!r} is no date with slashes")
    hour = _hour(int(match["hour"]), match["half"])
    return _seconds(hour, int(match["minute"]), int(match["second"]), match["fraction"])


def parse_daytime(text: str) -> float:
    """Return `10:24:33.123` or `10:24:33 PM` as seconds of its day; raises `ValueError`."""
    match = _DAYTIME.match(text)
    if match is None:
        raise ValueError(f"{text!r} is no time of a day")
    hour = _hour(int(match["hour"]), match["half"])
    return _seconds(hour, int(match["minute"]), int(match["second"]), match["fraction"])


def parse_minutes(text: str) -> float:
    """Return `24:33.123`, minutes and seconds, as seconds; raises `ValueError`."""
    match = _MINUTES.match(text)
    if match is None:
        raise ValueError(f"{text!r} is no minutes and seconds")
    return 60.0 * int(match[1]) + float(match[2].replace(",", "."))


def parse_day(text: str, zone: timezone = UTC, order: DayOrder | None = None) -> float:
    """Return the start of a date without a time, s since 1970; raises `ValueError`."""
    return parse_date(f"{text} 00:00:00", zone, order)


def is_day(text: str) -> bool:
    """Return whether a text looks like a date alone, whatever its order."""
    return _DATE_ALONE.match(text) is not None


def _seconds(hour: int, minute: int, second: int, fraction: str | None) -> float:
    return hour * 3600 + minute * 60 + second + float(f"0.{fraction or 0}")


def zone_of(text: str | None) -> timezone | None:
    """Return the zone that `Z`, `UTC`, `+0100` or `GMT+01:00` names, None for other text."""
    if text is None:
        return None
    if text in {"Z", "UTC", "GMT"}:
        return UTC
    match = re.fullmatch(r"(?:UTC|GMT)?([+-]?)([01]\d|2[0-3]):?([0-5]\d)", text)
    if match is None:
        return None
    sign = -1 if match[1] == "-" else 1
    return timezone(sign * timedelta(hours=int(match[2]), minutes=int(match[3])))
