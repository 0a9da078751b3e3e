"""The grammar of English expressions of time.

| expression | what it is |
|---|---|
| today, yesterday, 3 days ago, 25 November, the 25th, 2026-11-25 | a day, the latest until today |
| last Tuesday, this Tuesday | the latest before today, that of this week |
| Tuesday, weekend | every one |
| last week, this month, November, 2026, week 47 | whole weeks (from Monday), months, years |
| the past week, the last 3 days, the last 2 hours | up to now |
| morning, afternoon, evening, night | 6 to 12, 12 to 18, 18 to 24, 21 to 6 o'clock |
| this morning, last night, tonight | of today; a night from 18 to 6 o'clock |
| at 8, at 8:30, around 8, 2 hours ago | that hour; 15 minutes around; 30 minutes around |
| between X and Y, from X to Y, X to Y, since, after, before, until X | of days, times or both |

Days, weekdays, times of day and spans are conditions that must hold together, several of one kind
are alternatives. An hour without am or pm is of the 24-hour clock, unless a part of the day or the
other end of the span says otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from infra.daily_log.time_expressions.calendar_days import (
    DAY,
    DAY_OF_MONTH,
    MONTH,
    NUMBER,
    PERIOD,
    WEEKDAY,
    YEAR,
    days_of,
    number,
    weekday,
)
from infra.daily_log.time_expressions.clock_times import (
    CLOCK,
    HOUR_OR_CLOCK,
    MIDNIGHT,
    PART,
    UNIT,
    ClockRange,
    clock_time,
    part_of_day,
    range_between,
)
from infra.daily_log.time_expressions.errors import TimeExpressionError
from infra.daily_log.time_expressions.points import PART_OF_A_DAY, POINT, Point, point_of
from infra.daily_log.time_expressions.when import ALWAYS, WEEKDAYS, When, moment_ns
from schemas.event_time import ns_of
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import tzinfo

    from infra.daily_log.time_expressions.when import Days, Minutes, Span

_DAY = timedelta(days=1)
_UNTIL = r"(?:to|until|till|through|-)"
_LAST = r"(?:the )?(?:last|past|previous)"
_SHORT = r"(?P<unit>second|sec|minute|min|hour)s?"
_AROUND_HOURS, _AROUND_CLOCK = 30, 15
# What "2 hours ago", "10 minutes ago" may be off, in minutes.
_AGO_MINUTES = {"h": 30, "m": 5, "s": 1}
_UNITS_NS = {"h": 3_600 * NS, "m": 60 * NS, "s": NS}
# Of a span whose end has no month, and no year.
_LONGEST_DAYS = (30, 183)
# After midnight.
_EARLY = ClockRange(0, 6 * 60)
PAST = "a time that is over: a log has no future"


@dataclass
class _Conditions:
    """What was understood so far."""

    now: datetime
    zone: tzinfo
    weekdays: set[int] = field(default_factory=set)
    days: list[Days] = field(default_factory=list)
    clocks: list[ClockRange] = field(default_factory=list)
    parts: list[Minutes] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    @property
    def today(self) -> date:
        return self.now.date()

    def ns(self, day: date, minute: int = 0) -> int:
        return moment_ns(day, minute, self.zone)

    def add_day(self, point: Point) -> None:
        if point.weekday is not None:
            self.weekdays.add(point.weekday)
        elif point.days is not None:
            self.days.append(point.days)

    def when(self) -> When:
        minutes = self.parts
        if self.clocks:
            # A part of the day then says which half of the day is meant.
            part = self.parts[0] if len(self.parts) == 1 else None
            minutes = [clock.minutes(part) for clock in self.clocks]
        return When(frozenset(self.weekdays), tuple(self.days), tuple(minutes), tuple(self.spans))


def when_of(words: Sequence[str], now: datetime) -> tuple[When, list[str]]:
    """Return what `words` say of a time, and the words that say nothing of one.

    `now` is the present in the zone of the times. Raises `TimeExpressionError` for a time that
    cannot be, as 30 February, 25:00 or tomorrow.
    """
    text = " ".join(spaced for word in words if (spaced := _spaced(word)))
    conditions, rest, at = _Conditions(now, now.tzinfo or UTC), [], 0
    while at < len(text):
        for pattern, add in _RULES:
            match = pattern.match(text, at)
            if match is not None and _understood(add, match, conditions):
                at = match.end() + 1
                break
        else:
            past = text.find(" ", at)
            past = len(text) if past < 0 else past
            rest.append(text[at:past])
            at = past + 1
    when = conditions.when()
    _refuse_other_weekdays(when)
    return when, [word for word in rest if word != "-"]


def _understood(add: _Add, match: re.Match[str], conditions: _Conditions) -> bool:
    """Return whether a rule applies to its match; raises `TimeExpressionError`."""
    try:
        return add(match, conditions) is not False
    except OverflowError as error:
        raise TimeExpressionError(match[0], "a time within this calendar") from error


def _refuse_other_weekdays(when: When) -> None:
    """Raise `TimeExpressionError` if no day is one of the weekdays: Tuesday, 25 November 2026."""
    if not when.weekdays or not when.days:
        return
    for first, last in when.days:
        if (last - first).days >= 6 or any(
            when.on(first + _DAY * later) for later in range((last - first).days + 1)
        ):
            return
    [first, _], *_ = when.days
    named = ", ".join(WEEKDAYS[day] for day in sorted(when.weekdays))
    raise TimeExpressionError(
        f"{named} {first.isoformat()}", f"the weekday of that day, {WEEKDAYS[first.weekday()]}"
    )


def _spaced(word: str) -> str:
    """Return a word in lower case as the patterns want it, its numbers and dashes apart."""
    plain = word.casefold().replace("\u2019", "'").strip('?!;"()[]')
    plain = re.sub(r"^([ap])\.m\.?$", r"\1m", plain)
    plain = re.sub(r"(\d)([ap])\.m\.?$", r"\1\2m", plain)
    if not re.search(r"(?<![\d.])\d{1,2}\.\d{1,2}\.$", plain):
        plain = plain.rstrip(".:")
    plain = re.sub(r"^(\w+day|tonight)'s$", r"\1", plain)
    if re.match(r"\d{4}-\d{1,2}", plain):
        return re.sub(r"^(\d{4}-\d{1,2}-\d{1,2})t(?=\d)", r"\1 ", plain)
    if re.search(r"\d", plain) or re.fullmatch(rf"{WEEKDAY}[-\u2013\u2014]{WEEKDAY}", plain):
        return re.sub(r"[-\u2013\u2014]", " - ", plain).strip()
    return "-" if plain in ("\u2013", "\u2014") else plain


def _future(match: re.Match[str], _: _Conditions) -> None:
    raise TimeExpressionError(match[0], PAST)


def _days_of_month(match: re.Match[str], conditions: _Conditions) -> None:
    month = match["month"] or match["month_before"]
    year = match["year"] or match["year_after"]
    begin, end = (match[name] or match[f"{name}_after"] for name in ("first", "last"))
    first, _ = days_of(f"{begin} {month}{f' {year}' if year else ''}", conditions.today)
    last, _ = days_of(f"{end} {month} {first.year}", conditions.today)
    conditions.days.append(_ordered(first, last, match[0]))


def _ordered(first: date, last: date, text: str) -> Days:
    """Return the days from first to last; raises `TimeExpressionError` if last is before first."""
    if first > last:
        raise TimeExpressionError(text, "an end after its start")
    return first, last


def _between(match: re.Match[str], conditions: _Conditions) -> bool | None:
    first = point_of(match["from"] or match["first"], conditions.today)
    last = _after(first, match["to"] or match["last"], conditions.today)
    if first.has_day and last.has_day and (first.has_time or last.has_time):
        _span_between(first, last, match[0], conditions)
    elif first.has_day and last.has_day:
        _days_between(first, last, match[0], conditions)
    elif first.has_time and last.has_time:
        conditions.add_day(first)
        conditions.add_day(last)
        _minutes_between(first, last, conditions)
    else:
        return False
    return None


def _after(first: Point, text: str, today: date) -> Point:
    """Return the end of a span: of a date without a year or month the next one after the start."""
    last = point_of(text, today)
    if first.days is None or not (first.dated and last.dated):
        return last
    begin = first.days[0]
    for days in _LONGEST_DAYS:
        if last.days_until(today)[1] < begin:
            last = point_of(text, begin + _DAY * days)
    return last


def _minutes_between(first: Point, last: Point, conditions: _Conditions) -> None:
    if first.clock is not None and last.clock is not None:
        conditions.clocks.append(range_between(first.clock, last.clock))
        return
    begin, end = first.minutes[0], last.minutes[1]
    conditions.parts.append((begin, end if end > begin else end + MIDNIGHT))


def _days_between(first: Point, last: Point, text: str, conditions: _Conditions) -> None:
    if first.weekday is not None and last.weekday is not None:
        length = (last.weekday - first.weekday) % 7
        conditions.weekdays |= {(first.weekday + later) % 7 for later in range(length + 1)}
        return
    begin, end = first.days_until(conditions.today)[0], last.days_until(conditions.today)[1]
    conditions.days.append(_ordered(_before(begin, end, first), end, text))


def _before(begin: date, end: date, point: Point) -> date:
    """Return the day of a weekday at or before the end of its span."""
    weeks = -((end - begin).days // 7) if point.weekday is not None and begin > end else 0
    return begin - _DAY * 7 * weeks


def _span_between(first: Point, last: Point, text: str, conditions: _Conditions) -> None:
    begin_day = first.days_until(conditions.today)[0]
    end_day = last.days_until(conditions.today)[1]
    begin_day = _before(begin_day, end_day, first)
    begin = conditions.ns(begin_day, first.minutes[0])
    end = conditions.ns(end_day, last.minutes[1])
    if begin >= end:
        raise TimeExpressionError(text, "an end after its start")
    conditions.spans.append((begin, end))


def _open(match: re.Match[str], conditions: _Conditions) -> None:
    which, point = match["which"], point_of(match["point"], conditions.today)
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
        begin = conditions.ns(conditions.today, point.minutes[0] % MIDNIGHT)
        if begin > ns_of(conditions.now):
            begin = conditions.ns(conditions.today - _DAY, point.minutes[0] % MIDNIGHT)
        conditions.spans.append((begin, ALWAYS[1]))
    else:
        _open_minutes(which, point, conditions)


def _open_span(which: str, point: Point, conditions: _Conditions) -> None:
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


def _open_minutes(which: str, point: Point, conditions: _Conditions) -> None:
    half = point.clock.half if point.clock is not None else ""
    first, last = point.minutes
    if which in ("after", "from"):
        begin = last if which == "after" else first
        clock = ClockRange(begin, None, half) if begin < MIDNIGHT else _EARLY
    else:
        clock = ClockRange(None, first if which == "before" else last, half)
    conditions.clocks.append(clock)


def _last_minutes(match: re.Match[str], conditions: _Conditions) -> None:
    count = number(match["count"]) if match["count"] else 1
    now_ns = ns_of(conditions.now)
    conditions.spans.append((now_ns - count * _UNITS_NS[match["unit"][0]], now_ns))


def _minutes_ago(match: re.Match[str], conditions: _Conditions) -> None:
    unit = match["unit"][0]
    then_ns = ns_of(conditions.now) - number(match["count"]) * _UNITS_NS[unit]
    about_ns = _AGO_MINUTES[unit] * 60 * NS
    conditions.spans.append(
        (then_ns, ALWAYS[1]) if match["since"] else (then_ns - about_ns, then_ns + about_ns)
    )


def _at(match: re.Match[str], conditions: _Conditions) -> None:
    text = match["clock"] or match["alone"]
    clock = clock_time(text)
    if match["around"] or text.isalpha():
        begin, end = clock.minute - _AROUND_HOURS, clock.minute + _AROUND_HOURS
    elif clock.whole:
        begin, end = clock.minute, clock.minute + 60
    else:
        begin, end = clock.minute - _AROUND_CLOCK, clock.minute + _AROUND_CLOCK
    conditions.clocks.append(ClockRange(max(begin, 0), end, clock.half))


def _days(match: re.Match[str], conditions: _Conditions) -> None:
    conditions.days.append(days_of(match[0], conditions.today))


def _part_of_a_day(match: re.Match[str], conditions: _Conditions) -> None:
    point = point_of(match[0], conditions.today)
    conditions.add_day(point)
    conditions.parts.append(point.minutes)


def _part(match: re.Match[str], conditions: _Conditions) -> None:
    conditions.parts.append(part_of_day(match[0]))


def _weekday(match: re.Match[str], conditions: _Conditions) -> None:
    conditions.weekdays.add(weekday(match[0]))


def _weekends(match: re.Match[str], conditions: _Conditions) -> None:
    conditions.weekdays |= {5, 6} if match[0].startswith("weekend") else {0, 1, 2, 3, 4}


_Add: TypeAlias = "Callable[[re.Match[str], _Conditions], bool | None]"
_Rule = tuple[re.Pattern[str], _Add]


def _rule(pattern: str, add: _Add) -> _Rule:
    return re.compile(f"(?:{pattern})(?= |$)"), add


# The first that fits counts, so that longer expressions come before their parts.
_RULES: tuple[_Rule, ...] = (
    _rule(
        rf"(?:day after )?tomorrow"
        rf"|next (?:(?:few|{NUMBER}) )?(?:{WEEKDAY}|{MONTH}|{PART}|(?:weekend|{UNIT})s?)"
        rf"|in {NUMBER} (?:minute|hour|day|week|month|year)s?",
        _future,
    ),
    _rule(
        rf"(?:from |between )?(?:the )?(?P<first>{DAY_OF_MONTH}) (?:{_UNTIL}|and) (?:the )?"
        rf"(?P<last>{DAY_OF_MONTH}) (?:of )?(?P<month>{MONTH})(?: (?P<year>{YEAR}))?"
        rf"|(?:from |between )?(?P<month_before>{MONTH}) (?P<first_after>{DAY_OF_MONTH}) "
        rf"(?:{_UNTIL}|and) (?P<last_after>{DAY_OF_MONTH})(?: (?P<year_after>{YEAR}))?",
        _days_of_month,
    ),
    _rule(
        rf"between (?P<from>{POINT}) (?:and|{_UNTIL}) (?P<to>{POINT})"
        rf"|(?:from )?(?P<first>{POINT}) {_UNTIL} (?P<last>{POINT})(?! {_UNTIL} {HOUR_OR_CLOCK})",
        _between,
    ),
    _rule(rf"(?P<which>since|after|before|until|till|from) (?P<point>{POINT})", _open),
    _rule(rf"{_LAST} (?:(?P<count>{NUMBER}) )?{_SHORT}", _last_minutes),
    _rule(rf"(?P<since>since )?(?P<count>{NUMBER}) {_SHORT} ago", _minutes_ago),
    _rule(PART_OF_A_DAY, _part_of_a_day),
    _rule(f"{DAY}|{PERIOD}", _days),
    _rule(
        rf"(?:(?:at )?(?P<around>around|about) |at )(?P<clock>{HOUR_OR_CLOCK})|(?P<alone>{CLOCK})",
        _at,
    ),
    _rule(f"{WEEKDAY}s?", _weekday),
    _rule("weekends?|weekdays?", _weekends),
    _rule(PART, _part),
)
