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
| lunchtime | 12 to 14 o'clock |
| this morning, last night, two nights ago | of a day; a night from 18 to 6 o'clock |
| at 8, at 8:30, around 8, 8ish | that hour; 15 minutes around; 30 minutes around |
| 2026-11-25T09:00Z, 25 November 09:00+02:00 | that time, in the zone of the log |
| at 8 or 9, 8 or 9 pm, 24 or 25 November, week 46 or 47 | each of them |
| 2 hours ago, half an hour ago, 2 hours and 10 minutes ago | 30 minutes around, of minutes 5 |
| a few hours ago, 2 to 3 days ago | from 5 to 2, from 3 to 2 |
| between X and Y, from X to Y, X to Y, since, after, before, until X | of days, times or both |
| after X and before Y, from X to now | both hold |

Days, weekdays, times of day and spans are conditions that must hold together, several of one kind
are alternatives. An hour without am or pm is of the 24-hour clock, unless a part of the day or the
other end of the span says otherwise.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from infra.daily_log.time_expressions.ago import (
    add_between_ago,
    add_hours_ago,
    add_hours_until,
    add_last_hours,
)
from infra.daily_log.time_expressions.alternatives import written_out
from infra.daily_log.time_expressions.both_ends import add_open_both
from infra.daily_log.time_expressions.calendar_days import days_of, weekday
from infra.daily_log.time_expressions.calendar_patterns import (
    DAY,
    DAY_OF_MONTH,
    LAST,
    MONTH,
    PERIOD,
    WEEKDAY,
    YEAR,
)
from infra.daily_log.time_expressions.clock_times import (
    AROUND,
    CLOCK,
    CLOCK_AFTER_AT,
    HOUR_OF_A_PART,
    HOUR_OR_CLOCK,
    PART,
    ClockRange,
    clock_time,
    part_of_day,
)
from infra.daily_log.time_expressions.conditions import Conditions
from infra.daily_log.time_expressions.durations import DURATION, NUMBER, PAST_DURATION, UNIT
from infra.daily_log.time_expressions.errors import TimeExpressionError
from infra.daily_log.time_expressions.normalise import normalised
from infra.daily_log.time_expressions.points import PART_OF_A_DAY, POINT, point_of
from infra.daily_log.time_expressions.spans import (
    OPEN_WORD,
    UNTIL,
    add_between,
    add_days_of_month,
    add_open,
    add_until_now,
)
from infra.daily_log.time_expressions.when import WEEKDAYS, When
from infra.daily_log.time_expressions.zoned_times import in_zone_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_DAY = timedelta(days=1)
_AROUND_HOURS, _AROUND_CLOCK = 30, 15
_PAST = "a time that is over: a log has no future"


def when_of(words: Sequence[str], now: datetime) -> tuple[When, list[str]]:
    """Return what `words` say of a time, and the words that say nothing of one.

    `now` is the present in the zone of the times. Raises `TimeExpressionError` for a time that
    cannot be, as 30 February, 25:00 or tomorrow.
    """
    text = " ".join(spaced for word in words if (spaced := normalised(word)))
    text = _in_full(text, now)
    conditions, rest, at = Conditions(now, now.tzinfo or UTC), [], 0
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


def _in_full(text: str, now: datetime) -> str:
    """Return a text with each time in the zone of `now`, and with what alternatives share."""
    try:
        return written_out(in_zone_of(text, now))
    except OverflowError as error:
        raise TimeExpressionError(text, "a time within this calendar") from error


def _understood(add: _Add, match: re.Match[str], conditions: Conditions) -> bool:
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


def _future(match: re.Match[str], _: Conditions) -> None:
    raise TimeExpressionError(match[0], _PAST)


def _nothing(_: re.Match[str], __: Conditions) -> None:
    """Add no condition: "every day" is any."""


def _at(match: re.Match[str], conditions: Conditions) -> None:
    text = match["clock"] or match["alone"] or match["of_part"]
    clock = clock_time(text)
    if match["around"] or text in ("noon", "midday", "midnight"):
        begin, end = clock.minute - _AROUND_HOURS, clock.minute + _AROUND_HOURS
    elif clock.whole:
        begin, end = clock.minute, clock.minute + 60
    else:
        begin, end = clock.minute - _AROUND_CLOCK, clock.minute + _AROUND_CLOCK
    conditions.clocks.append(ClockRange(max(begin, 0), end, clock.half))


def _days(match: re.Match[str], conditions: Conditions) -> None:
    conditions.days.append(days_of(match[0], conditions.today))


def _part_of_a_day(match: re.Match[str], conditions: Conditions) -> None:
    point = point_of(match[0], conditions.today)
    conditions.add_day(point)
    conditions.parts.append(point.minutes)


def _part(match: re.Match[str], conditions: Conditions) -> None:
    conditions.parts.append(part_of_day(match[0]))


def _weekday(match: re.Match[str], conditions: Conditions) -> None:
    conditions.weekdays.add(weekday(match[0]))


def _weekends(match: re.Match[str], conditions: Conditions) -> None:
    conditions.weekdays |= {5, 6} if match[0].startswith("weekend") else {0, 1, 2, 3, 4}


_Add: TypeAlias = "Callable[[re.Match[str], Conditions], bool | None]"
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
        add_between_ago,
    ),
    _rule(
        rf"(?:from |between )?(?P<duration>{DURATION}) ago (?:{UNTIL}|and) "
        rf"(?P<end>now|{DURATION} ago)",
        add_hours_until,
    ),
    _rule(rf"(?:(?P<which>{OPEN_WORD}) )?(?P<duration>{DURATION}) ago", add_hours_ago),
    _rule(
        rf"(?:from |between )?(?:the )?(?P<first>{DAY_OF_MONTH}) (?:{UNTIL}|and) (?:the )?"
        rf"(?P<last>{DAY_OF_MONTH}) (?:of )?(?P<month>{MONTH})(?: (?P<year>{YEAR}))?"
        rf"|(?:from |between )?(?P<month_before>{MONTH}) (?P<first_after>{DAY_OF_MONTH}) "
        rf"(?:{UNTIL}|and) (?P<last_after>{DAY_OF_MONTH})(?: (?P<year_after>{YEAR}))?",
        add_days_of_month,
    ),
    _rule(rf"(?:(?:from|between|since) )?(?P<point>{POINT}) (?:{UNTIL}|and) now", add_until_now),
    _rule(
        rf"between (?P<from>{POINT}) (?:and|{UNTIL}) (?P<to>{POINT})"
        rf"|(?:from |at (?!{CLOCK_AFTER_AT}))?(?P<first>{POINT}) {UNTIL} (?P<last>{POINT})"
        rf"(?! {UNTIL} {HOUR_OR_CLOCK})",
        add_between,
    ),
    _rule(
        rf"(?P<which>{OPEN_WORD}) (?P<point>{POINT})(?: onwards?)?(?: and| but)? "
        rf"(?P<other_which>{OPEN_WORD}) (?P<other_point>{POINT})",
        add_open_both,
    ),
    _rule(rf"(?P<which>{OPEN_WORD}) (?P<point>{POINT})(?: onwards?)?", add_open),
    _rule(rf"(?:the )?{LAST} (?P<duration>{PAST_DURATION})", add_last_hours),
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
    _rule(
        rf"(?:all|every|each|the whole|whole) day|daily|so far|{UNTIL} now"
        rf"|earlier(?= (?:to|this))",
        _nothing,
    ),
)
