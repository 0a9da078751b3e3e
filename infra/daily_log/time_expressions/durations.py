"""Durations, as "half an hour", "2 hours and 30 minutes" or "a year and a half"."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from schemas.frames import NS

_NUMBERS = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUES = {
    **{name: value for value, name in enumerate(_NUMBERS, start=1)},
    **{name: 10 * value for value, name in enumerate(_TENS, start=2)},
    **{"a": 1, "an": 1, "a couple of": 2, "couple of": 2, "a dozen": 12},
    **{"a few": 3, "few": 3, "several": 3},
}
HOUR_WORD = f"(?:{'|'.join(sorted(_NUMBERS[:12], key=len, reverse=True))})"
_NUMBER_WORD = (
    rf"(?:(?:{'|'.join(_TENS)})-(?:{'|'.join(_NUMBERS[:9])})"
    rf"|{'|'.join(sorted((*_NUMBERS, *_TENS), key=len, reverse=True))})"
)
NUMBER = rf"(?:\d{{1,4}}|(?:a )?couple of|(?:a )?few|several|a dozen|{_NUMBER_WORD}|an?)"

_SHORT = "(?:seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h)"
_LONG = "(?:days?|d|weeks?|fortnights?|months?|years?)"
UNIT = f"(?:{_SHORT}|{_LONG})(?![a-z])"
_HALF = "(?: and a half)"
_AMOUNT = (
    rf"(?:\d{{1,4}}[.,]\d{{1,2}}|(?:a )?half(?: an?)?|(?:an?|one|three|[13]) quarters? of an?"
    rf"|{NUMBER}{_HALF}?)"
)
_PART = rf"(?:{_AMOUNT} {UNIT}{_HALF}?)"
DURATION = rf"(?:{_PART}(?:(?: and)? {_PART}){{0,3}})"
LONG_DURATION = re.sub(re.escape(UNIT), lambda _: f"{_LONG}(?![a-z])", DURATION)
# After "the last", where "hour" is one. "The last week" is one of the calendar.
PAST_DURATION = rf"(?:{DURATION}|{_SHORT}(?![a-z]){_HALF}?|{_LONG}{_HALF})"
PAST_LONG_DURATION = rf"(?:{LONG_DURATION}|{_LONG}{_HALF}|day|fortnight)"

_PARTS = re.compile(
    rf"(?:(?P<amount>{_AMOUNT}) )?(?P<unit>{UNIT})(?P<half>{_HALF})?(?: and(?= ))?(?: |$)"
)
_VAGUE = re.compile(r"(?:a )?few|several")
_UNITS_NS = {"h": 3_600 * NS, "m": 60 * NS, "s": NS}
_DAY_NS = 24 * _UNITS_NS["h"]
_DAYS_OF_MONTH = 30
# What "a few" may be.
FEW = (2, 5)


@dataclass(frozen=True)
class Duration:
    """Months, days and ns that add up.

    `unit` is the finest one: second, minute, hour, day, week, month or year.
    """

    months: int
    days: int
    ns: int
    unit: str

    @property
    def whole_days(self) -> int:
        """The days, and a started one of the hours."""
        return self.days + math.ceil(self.ns / _DAY_NS)

    @property
    def is_short(self) -> bool:
        """Whether its finest unit is at most an hour."""
        return self.unit in ("second", "minute", "hour")

    @property
    def total_ns(self) -> int:
        """The days and the ns."""
        return self.days * _DAY_NS + self.ns


def number(text: str) -> int:
    """Return the number that `NUMBER` matches."""
    if text.isdigit():
        return int(text)
    if text in _VALUES:
        return _VALUES[text]
    tens, _, ones = text.partition("-")
    return _VALUES[tens] + _VALUES[ones]


def is_vague(text: str) -> bool:
    """Return whether a duration is of a number that is not given: "a few days"."""
    return _VAGUE.match(text) is not None


def duration(text: str) -> Duration:
    """Return the duration that `DURATION` or `PAST_DURATION` matches.

    A part of a unit is one of a finer unit: half a year is 6 months, half a day 12 hours.
    """
    months = days = ns = 0
    units: list[str] = []
    for match in _PARTS.finditer(text):
        amount = (_amount(match["amount"]) if match["amount"] else 1) + bool(match["half"]) / 2
        unit = _unit(match["unit"])
        if unit == "year":
            months += round(12 * amount)
            units.append("year" if amount.is_integer() else "month")
        elif unit == "month":
            months += int(amount)
            days += round(amount % 1 * _DAYS_OF_MONTH)
            units.append("month" if amount.is_integer() else "day")
        elif unit in ("week", "fortnight"):
            days += round((7 if unit == "week" else 14) * amount)
            units.append("week" if amount.is_integer() else "day")
        elif unit == "day":
            days += int(amount)
            ns += round(amount % 1 * _DAY_NS)
            units.append("day" if amount.is_integer() else "hour")
        else:
            ns += round(amount * _UNITS_NS[unit[0]])
            # Half an hour is as exact as 30 minutes.
            units.append(unit if amount.is_integer() or unit == "second" else "minute")
    order = ("second", "minute", "hour", "day", "week", "month", "year")
    return Duration(months, days, ns, min(units, key=order.index))


def _amount(text: str) -> float:
    if re.fullmatch(r"\d+[.,]\d+", text):
        return float(text.replace(",", "."))
    if re.fullmatch(r"(?:a )?half(?: an?)?", text):
        return 0.5
    if match := re.fullmatch(r"(\w+) quarters? of an?", text):
        return number(match[1]) / 4
    whole, half, _ = text.partition(" and a half")
    return number(whole) + (0.5 if half else 0.0)


def _unit(text: str) -> str:
    if text[0] == "m":
        return "month" if text.startswith("mo") else "minute"
    names = {"h": "hour", "s": "second", "d": "day", "w": "week", "f": "fortnight", "y": "year"}
    return names[text[0]]
