"""The grammar of English expressions of time.

| expression | what it is |
|---|---|
| today, yesterday, 3 days ago, 25 November, the 25th, 2026-11-25 | a day, the latest until today |
| the 1st of last month, a week ago today, two weeks ago on Tuesday | a day |
| last Tuesday, this Tuesday | the latest before today, that of this week |
| two Tuesdays ago, the Tuesday before last | the one before the last |
| Tuesday, weekend | every one |
| the weekend | the latest that has begun |
| last week, this month, November, 2026, week 47 | whole weeks (from Monday), months, years |
| the past week, the last 3 days, the last 2 hours | up to now |
| morning, afternoon, evening, night | 6 to 12, 12 to 18, 18 to 24, 21 to 6 o'clock |
| this morning, last night, two nights ago | of a day; a night from 18 to 6 o'clock |
| at 8, at 8:30, around 8, 8ish | that hour; 15 minutes around; 30 minutes around |
| 2 hours ago, half an hour ago, 2 hours and 10 minutes ago | 30 minutes around, of minutes 5 |
| a few hours ago, 2 to 3 days ago | from 5 to 2, from 3 to 2 |
| between X and Y, from X to Y, X to Y, since, after, before, until X | of days, times or both |

Days, weekdays, times of day and spans are conditions that must hold together, several of one kind
are alternatives. An hour without am or pm is of the 24-hour clock, unless a part of the day or the
other end of the span says otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from infra.daily_log.time_expressions.calendar_days import (
    DAY,
    DAY_OF_MONTH,
    LAST,
    MONTH,
    PERIOD,
    WEEKDAY,
    YEAR,
    back,
    days_of,
    weekday,
)
from infra.daily_log.time_expressions.clock_times import (
    AROUND,
    CLOCK,
    CLOCK_AFTER_AT,
    EXACT_HOUR,
    HOUR_OF_A_PART,
    HOUR_OR_CLOCK,
    MIDNIGHT,
    PART,
    ClockRange,
    clock_time,
    part_of_day,
    range_between,
)
from infra.daily_log.time_expressions.durations import (
    DURATION,
    FEW,
    NUMBER,
    PAST_DURATION,
    UNIT,
    Duration,
    duration,
    is_vague,
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
_UNTIL = r"(?:up to|up until|to|until|till|through|-)"
# Each with what it is read as.
_OPEN = {
    **{each: each for each in ("since", "after", "before", "until", "from")},
    **{"later than": "after", "earlier than": "before", "no later than": "until", "till": "until"},
    **{"up to": "until", "up until": "until", "by": "until"},
}
_WHICH = "|".join(sorted(_OPEN, key=len, reverse=True))
_AROUND_HOURS, _AROUND_CLOCK = 30, 15
# What "2 hours ago", "10 minutes ago" may be off, in minutes.
_AGO_MINUTES = {"hour": 30, "minute": 5, "second": 1}
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
            match = _compiled(pattern).match(text, at)
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


_WORDS = {
    "overnight": "night",
    "weeknight": "weekday night",
    "weeknights": "weekday night",
    "&": "and",
}
# The first that fits counts.
_SPACED: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), spaced)
    for pattern, spaced in (
        (rf"^~?({EXACT_HOUR})-?ish$", r"around \1"),
        (r"^~(?=\d)", "around "),
        (r"^(\d+(?:\.\d+)?)(h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?|d|days?)$", r"\1 \2"),
        (r"^(\d{4}-?w\d{1,2}-\d)$", r"\1"),
        (r"^(\d{4})-?w(\d{1,2})$", r"week \2 \1"),
        (r"^[ck]?w(\d{1,2})$", r"week \1"),
        (r"^(\d{4})/(\d{1,2})/(\d{1,2})$", r"\1-\2-\3"),
        (r"^(\d{1,2})-(\d{1,2})-(\d{4})$", r"\1/\2/\3"),
        (rf"^({MONTH})-(\d{{1,2}})(?:-(\d{{4}}))?$", r"\1 \2 \3"),
        (rf"^(\d{{1,2}})-({MONTH})(?:-(\d{{4}}))?$", r"\1 \2 \3"),
    )
)


def _spaced(word: str) -> str:
    """Return a word in lower case as the patterns want it, its numbers and dashes apart."""
    plain = word.casefold().replace("\u2019", "'").strip('?!;"()[]')
    plain = _WORDS.get(plain, plain)
    plain = re.sub(r"^([ap])\.m\.?$", r"\1m", plain)
    plain = re.sub(r"(\d)([ap])\.m\.?$", r"\1\2m", plain)
    if not re.search(r"(?<![\d.])\d{1,2}\.\d{1,2}\.$", plain):
        plain = plain.rstrip(".:")
    plain = re.sub(r"^(\w+day|tonight|week|weekend|month|year)'s$", r"\1", plain)
    for pattern, spaced in _SPACED:
        plain, found = pattern.subn(spaced, plain)
        if found:
            return plain.strip()
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
    which, point = _OPEN[match["which"]], point_of(match["point"], conditions.today)
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


def _past(then: Duration, conditions: _Conditions) -> int:
    """Return the moment so long ago, ns since the epoch."""
    if not then.months:
        return ns_of(conditions.now) - then.total_ns
    present = conditions.now
    minute = present.hour * 60 + present.minute
    return conditions.ns(back(replace(then, ns=0), conditions.today), minute) - then.ns


def _last_hours(match: re.Match[str], conditions: _Conditions) -> bool | None:
    then = duration(match["duration"])
    if not then.is_short:
        return False
    conditions.spans.append((_past(then, conditions), ns_of(conditions.now)))
    return None


def _hours_ago(match: re.Match[str], conditions: _Conditions) -> bool | None:
    """Add a time so many hours ago; that of days is in `PERIOD`."""
    then = duration(match["duration"])
    if not then.is_short:
        return False
    then_ns, about_ns = _past(then, conditions), _AGO_MINUTES[then.unit] * 60 * NS
    span = (then_ns - about_ns, then_ns + about_ns)
    vague = is_vague(match["duration"])
    if vague:
        latest, earliest = (duration(f"{few} {then.unit}s") for few in FEW)
        span = (_past(earliest, conditions), _past(latest, conditions))
    if match["which"] is None:
        conditions.spans.append(span)
    elif _OPEN[match["which"]] in ("since", "after", "from"):
        conditions.spans.append((span[0] if vague else then_ns, ALWAYS[1]))
    else:
        conditions.spans.append((ALWAYS[0], span[1] if vague else then_ns))
    return None


def _hours_until(match: re.Match[str], conditions: _Conditions) -> bool | None:
    """Add the time from so many hours ago to fewer, or to now."""
    first = duration(match["duration"])
    last = None if match["end"] == "now" else duration(match["end"].removesuffix(" ago"))
    if last is not None and not (first.is_short or last.is_short):
        return False
    begin = _past(first, conditions)
    end = ns_of(conditions.now) if last is None else _past(last, conditions)
    if begin == end:
        raise TimeExpressionError(match[0], "an end after its start")
    # "Between 2 and 3 hours ago" is said of both orders.
    conditions.spans.append((min(begin, end), max(begin, end)))
    return None


def _between_ago(match: re.Match[str], conditions: _Conditions) -> None:
    """Add "2 to 3 hours ago", whose numbers may be in either order."""
    unit = match["unit"]
    counts = (duration(f"{match[name]} {unit}") for name in ("first", "last"))
    latest, earliest = sorted(counts, key=lambda each: (each.months, each.total_ns))
    if latest.is_short:
        conditions.spans.append((_past(earliest, conditions), _past(latest, conditions)))
        return
    texts = (f"{match[name]} {unit} ago" for name in ("first", "last"))
    both = sorted(days_of(text, conditions.today) for text in texts)
    conditions.days.append((both[0][0], both[1][1]))


def _nothing(_: re.Match[str], __: _Conditions) -> None:
    """Add no condition: "every day" is any."""


def _at(match: re.Match[str], conditions: _Conditions) -> None:
    text = match["clock"] or match["alone"] or match["of_part"]
    clock = clock_time(text)
    if match["around"] or text in ("noon", "midday", "midnight"):
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
_Rule = tuple[str, _Add]


def _rule(pattern: str, add: _Add) -> _Rule:
    return f"(?:{pattern})(?= |$)", add


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a rule's pattern, compiled when first used: a worker's start need not wait for it."""
    return re.compile(pattern)


# The first that fits counts, so that longer expressions come before their parts.
_RULES: tuple[_Rule, ...] = (
    _rule(
        rf"(?:day after )?tomorrow"
        rf"|(?:next|coming|upcoming) (?:(?:few|{NUMBER}) )?"
        rf"(?:{WEEKDAY}|{MONTH}|{PART}|weekends?|{UNIT})"
        rf"|in {DURATION}",
        _future,
    ),
    _rule(
        rf"(?:from |between )?(?P<first>{NUMBER}) (?:to|or|and|-) (?P<last>{NUMBER}) "
        rf"(?P<unit>{UNIT}) ago",
        _between_ago,
    ),
    _rule(
        rf"(?:from |between )?(?P<duration>{DURATION}) ago (?:{_UNTIL}|and) "
        rf"(?P<end>now|{DURATION} ago)",
        _hours_until,
    ),
    _rule(rf"(?:(?P<which>{_WHICH}) )?(?P<duration>{DURATION}) ago", _hours_ago),
    _rule(
        rf"(?:from |between )?(?:the )?(?P<first>{DAY_OF_MONTH}) (?:{_UNTIL}|and) (?:the )?"
        rf"(?P<last>{DAY_OF_MONTH}) (?:of )?(?P<month>{MONTH})(?: (?P<year>{YEAR}))?"
        rf"|(?:from |between )?(?P<month_before>{MONTH}) (?P<first_after>{DAY_OF_MONTH}) "
        rf"(?:{_UNTIL}|and) (?P<last_after>{DAY_OF_MONTH})(?: (?P<year_after>{YEAR}))?",
        _days_of_month,
    ),
    _rule(
        rf"between (?P<from>{POINT}) (?:and|{_UNTIL}) (?P<to>{POINT})"
        rf"|(?:from |at (?!{CLOCK_AFTER_AT}))?(?P<first>{POINT}) {_UNTIL} (?P<last>{POINT})"
        rf"(?! {_UNTIL} {HOUR_OR_CLOCK})",
        _between,
    ),
    _rule(rf"(?P<which>{_WHICH}) (?P<point>{POINT})(?: onwards?)?", _open),
    _rule(rf"(?:the )?{LAST} (?P<duration>{PAST_DURATION})", _last_hours),
    _rule(PART_OF_A_DAY, _part_of_a_day),
    _rule(f"{DAY}|{PERIOD}", _days),
    _rule(
        rf"(?:(?:at )?(?P<around>(?:{AROUND} )+)|at )(?P<clock>{CLOCK_AFTER_AT}|{HOUR_OR_CLOCK})"
        rf"|(?P<alone>{CLOCK})|(?P<of_part>{HOUR_OF_A_PART})",
        _at,
    ),
    _rule(f"{WEEKDAY}s?", _weekday),
    _rule("weekends?|weekdays?", _weekends),
    _rule(PART, _part),
    _rule(r"(?:all|every|each|the whole|whole) day|daily|so far|earlier(?= (?:to|this))", _nothing),
)
