"""Alternatives that share a word, written out: "at 8 or 9" is "at 8 or at 9"."""

from __future__ import annotations

import re
from functools import cache, partial

from infra.daily_log.time_expressions.calendar_patterns import (
    DAY_OF_MONTH,
    LAST,
    MONTH,
    WEEKDAY,
    YEAR,
)
from infra.daily_log.time_expressions.clock_times import AROUND, CLOCK, HOUR_OR_CLOCK
from infra.daily_log.time_expressions.durations import HOUR_WORD, number

_OR = "(?:or|and)"
_OTHER_HALF = {"am": "pm", "pm": "am"}
_POINTED = r"\d{1,2}\.\d{2}(?![\d.])"
_TIME = rf"(?:{CLOCK}|{_POINTED}|{HOUR_OR_CLOCK})"
# The commas of "at 8, 9 or 10" are gone.
_TIMES = (
    rf"(?:^|(?<= ))(?P<lead>(?:at )?(?:{AROUND} )+|at |)"
    rf"(?P<times>{_TIME}(?: (?:{_OR} )?{_TIME})*? {_OR} {_TIME}(?: (?:{_OR} )?{_TIME})*)(?= |$)"
)
_HALF = re.compile(rf"(?P<hour>\d{{1,2}}|{HOUR_WORD})(?:[:.]\d{{2}})?(?: ?(?P<half>[ap]m))?")
# Of "between 8 and 10" no word is shared.
_BETWEEN = re.compile(r"\bbetween (?!.* and ).*$")
# After these a time of the clock needs no "at".
_BEFORE_A_TIME = re.compile(
    r"(?:^| )(?:to|until|till|through|-|since|after|before|from|by|than|past|between) $"
)
_DAYS_BEFORE = re.compile(r"(?:^| )(?:between|from) (?:the )?$")
_SHARED: tuple[tuple[str, str], ...] = (
    (
        rf"\b(?P<a>{DAY_OF_MONTH}) (?P<or>{_OR}) (?:the )?(?P<b>{DAY_OF_MONTH}) "
        rf"(?:of )?(?P<shared>{MONTH}(?: {YEAR})?)(?= |$)",
        r"\g<a> \g<shared> \g<or> \g<b> \g<shared>",
    ),
    (
        rf"\b(?P<shared>{MONTH}) (?P<a>{DAY_OF_MONTH}) (?P<or>{_OR}) (?P<b>{DAY_OF_MONTH})"
        rf"(?P<year> {YEAR})?(?= |$)",
        r"\g<a> \g<shared>\g<year> \g<or> \g<b> \g<shared>\g<year>",
    ),
    (
        rf"\b(?P<a>{MONTH}) (?P<or>{_OR}) (?P<b>{MONTH}) (?P<year>{YEAR})(?= |$)",
        r"\g<a> \g<year> \g<or> \g<b> \g<year>",
    ),
    (
        rf"\bweeks? (?P<a>\d{{1,2}}) (?P<or>{_OR}) (?P<b>\d{{1,2}})(?P<year> {YEAR})?(?= |$)",
        r"week \g<a>\g<year> \g<or> week \g<b>\g<year>",
    ),
    (
        rf"\b(?P<which>this|{LAST}) (?P<a>{WEEKDAY}) (?P<or>{_OR}) (?P<b>{WEEKDAY})(?= |$)",
        r"\g<which> \g<a> \g<or> \g<which> \g<b>",
    ),
)


def written_out(text: str) -> str:
    """Return a text in which each alternative has the words that it shares with another.

    "At 8 or 9 pm" is "at 8 pm or at 9 pm", "24 or 25 November" is "24 November or 25 November",
    "week 46 or 47", "last Monday or Tuesday" and "November or December 2025" alike.
    """
    for pattern, whole in _SHARED:
        text = _compiled(pattern).sub(partial(_days, whole), text)
    return _compiled(_TIMES).sub(_times, text)


def _days(whole: str, match: re.Match[str]) -> str:
    return match[0] if _DAYS_BEFORE.search(match.string, 0, match.start()) else match.expand(whole)


def _times(match: re.Match[str]) -> str:
    before, lead = match.string[: match.start()], match["lead"]
    times = _compiled(rf"(?!{_OR} )(?:{_TIME})").findall(match["times"])
    if _BETWEEN.search(before) or not (lead or any(_compiled(CLOCK).match(t) for t in times)):
        return match[0]
    first = lead or ("" if _BEFORE_A_TIME.search(before) else "at ")
    return first + f" or {lead or 'at '}".join(_of_one_half(times))


def _of_one_half(times: list[str]) -> list[str]:
    """Return times of which those without am or pm are in the half of the day of the next one.

    They are in the other half where they are later by the clock: "11 or 1 pm".
    """
    of_halves: list[str] = []
    for clock in reversed(times):
        match, half = _HALF.fullmatch(clock), ""
        next_one = _HALF.fullmatch(of_halves[-1]) if of_halves else None
        if match and next_one and next_one["half"] and not match["half"]:
            hour, next_hour = number(match["hour"]), number(next_one["hour"])
            if 1 <= hour <= 12:
                other = hour % 12 > next_hour % 12
                half = " " + (_OTHER_HALF[next_one["half"]] if other else next_one["half"])
        of_halves.append(f"{clock}{half}")
    return of_halves[::-1]


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
