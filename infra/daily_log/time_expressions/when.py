"""A condition on event times: weekdays, days, times of day and spans."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from schemas.event_time import ns_of
from schemas.frames import NS
from schemas.message import END_OF_TIME_NS

if TYPE_CHECKING:
    from datetime import tzinfo

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MINUTES_OF_DAY = 1_440
ALWAYS = (0, END_OF_TIME_NS)
_DAY = timedelta(days=1)

Days = tuple[date, date]
Minutes = tuple[int, int]
Span = tuple[int, int]


@dataclass(frozen=True)
class When:
    """Conditions on a moment in local time, of which each kind that is given must hold.

    `weekdays` (0 is Monday); `days`, first and last; `minutes` of the day, half-open: those past
    midnight (1440 and above) belong to the day before it, so that Tuesday from 22:00 to 02:00 ends
    on Wednesday; `spans` in ns since the epoch, half-open.
    """

    weekdays: frozenset[int] = frozenset()
    days: tuple[Days, ...] = ()
    minutes: tuple[Minutes, ...] = ()
    spans: tuple[Span, ...] = ()

    def holds(self, time_ns: int, zone: tzinfo) -> bool:
        """Return whether a moment, ns since the epoch, fulfils the conditions in a time zone."""
        if self.spans and not any(first <= time_ns < past for first, past in self.spans):
            return False
        if not (self.weekdays or self.days or self.minutes):
            return True
        local = datetime.fromtimestamp(time_ns // NS, zone)
        day, minute = local.date(), local.hour * 60 + local.minute
        if not self.minutes:
            return self.on(day)
        return any(
            first <= at < past and self.on(of_day)
            for first, past in self.minutes
            for of_day, at in ((day, minute), (day - _DAY, minute + MINUTES_OF_DAY))
        )

    def on(self, day: date) -> bool:
        """Return whether a day is one of the weekdays and within the days."""
        return (not self.weekdays or day.weekday() in self.weekdays) and (
            not self.days or any(first <= day <= last for first, last in self.days)
        )

    def holds_within(self, from_ns: int, to_ns: int, zone: tzinfo) -> bool:
        """Return whether a moment of [from_ns, to_ns) may fulfil the conditions.

        It is meant for hours: each of their minutes is looked at.
        """
        if not any(first < to_ns and from_ns < past for first, past in self.spans or (ALWAYS,)):
            return False
        in_days = replace(self, spans=())
        minutes = [*range(from_ns, to_ns, 60 * NS), max(from_ns, to_ns - 1)]
        return any(in_days.holds(at_ns, zone) for at_ns in minutes)

    def bounds(self, zone: tzinfo) -> Span:
        """Return a span outside which no moment can fulfil the conditions, ns since the epoch."""
        first, past = ALWAYS
        if self.spans:
            first = max(first, min(begin for begin, _ in self.spans))
            past = min(past, max(end for _, end in self.spans))
        if self.days:
            # One day more for minutes past midnight.
            last_day = max(last for _, last in self.days)
            first = max(first, moment_ns(min(begin for begin, _ in self.days), 0, zone))
            past = min(past, moment_ns(last_day, 2 * MINUTES_OF_DAY, zone))
        return first, max(first, past)

    def text(self, zone: tzinfo) -> str:
        """Return the conditions in words, empty if there is none."""
        return ", ".join(
            part
            for part in (
                " or ".join(f"{WEEKDAYS[day]}s" for day in sorted(self.weekdays)),
                " or ".join(days_text(*days) for days in self.days),
                " or ".join(_minutes_text(*minutes) for minutes in self.minutes),
                " or ".join(_span_text(*span, zone) for span in self.spans),
            )
            if part
        )


def moment_ns(day: date, minute: int, zone: tzinfo) -> int:
    """Return a local time, in minutes after a day's midnight, as ns since the epoch.

    It is at most that of `ALWAYS` for days that no log has. Of an hour that occurs twice, when
    clocks are put back, it is the first.
    """
    if day.year < 1970:
        return ALWAYS[0]
    try:
        local = datetime.combine(day, time()) + timedelta(minutes=minute)
        return min(ns_of(local.replace(tzinfo=zone).astimezone(UTC)), ALWAYS[1])
    except OverflowError:
        return ALWAYS[1]


def days_text(first: date, last: date) -> str:
    """Return the days from first to last in words."""
    if first == last:
        return f"{WEEKDAYS[first.weekday()]} {_day_text(first)}"
    if first == date.min:
        return f"to {_day_text(last)}"
    return f"from {_day_text(first)}" + ("" if last == date.max else f" to {_day_text(last)}")


def _day_text(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


def _minutes_text(first: int, past: int) -> str:
    next_day = " of the day after" if first >= MINUTES_OF_DAY else ""
    return f"{_clock(first)} to {_clock(past)}{next_day}"


def _clock(minute: int) -> str:
    # 24:00 is an end only.
    of_day = minute if minute == MINUTES_OF_DAY else minute % MINUTES_OF_DAY
    return f"{of_day // 60:02d}:{of_day % 60:02d}"


def _span_text(first: int, past: int, zone: tzinfo) -> str:
    parts = []
    if first > ALWAYS[0]:
        parts.append(f"from {_moment_text(first, zone)}")
    if past < ALWAYS[1]:
        parts.append(f"to {_moment_text(past, zone)}")
    return " ".join(parts)


def _moment_text(time_ns: int, zone: tzinfo) -> str:
    local = datetime.fromtimestamp(time_ns // NS, zone)
    return f"{_day_text(local.date())} {local:%H:%M}"
