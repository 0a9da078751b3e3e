"""Times of the clock and parts of the day, as minutes after midnight."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.daily_log.time_expressions.durations import HOUR_WORD, UNIT, number
from infra.daily_log.time_expressions.errors import TimeExpressionError

if TYPE_CHECKING:
    from infra.daily_log.time_expressions.when import Minutes

HOUR = 60
NOON = 12 * HOUR
MIDNIGHT = 24 * HOUR
# A night belongs to the day before it.
PARTS: dict[str, Minutes] = {
    "morning": (6 * HOUR, NOON),
    "lunchtime": (NOON, 14 * HOUR),
    "afternoon": (NOON, 18 * HOUR),
    "evening": (18 * HOUR, MIDNIGHT),
    "night": (21 * HOUR, 30 * HOUR),
}
# "Last night" is also said of the evening.
THE_NIGHT: Minutes = (18 * HOUR, 30 * HOUR)

PART = "(?:mornings?|lunch ?times?|afternoons?|evenings?|nights?)"
_MERIDIEM = "(?: ?[ap]m)"
_HOUR = rf"(?:\d{{1,2}}|{HOUR_WORD})"
_QUARTER = (
    r"(?:half past|quarter past|quarter to|(?:five|ten|twenty(?:-five)?|\d{1,2})(?: minutes)? past"
    r"|(?:twenty|twenty-five) to|(?:five|ten|\d{1,2}) minutes to)"
)
CLOCK = (
    rf"(?:{_QUARTER} {_HOUR}(?![:\w]){_MERIDIEM}?|\d{{1,2}}:\d{{2}}(?::\d{{2}})?{_MERIDIEM}?"
    rf"|\d{{1,2}}\.\d{{2}}{_MERIDIEM}|{_HOUR}{_MERIDIEM}|{_HOUR} o'clock|noon|midday|midnight)"
)
# A number alone is an hour only where something else says so: "at 8", "between 8 and 10".
# Of "2 hours ago" and "two Tuesdays ago" it is none.
_COUNTED = rf"(?:{UNIT}|half|and a half|quarter|night|morning|evening|afternoon|weekend)"
HOUR_OR_CLOCK = rf"(?:{CLOCK}|{_HOUR}(?![\w-]| ?[:/.]| {_COUNTED}))"
# "8 in the morning" is an hour, too.
HOUR_OF_A_PART = (
    rf"(?:{_HOUR}(?= in the (?:early |late )?(?:morning|afternoon|evening|night)| at night))"
)
# "8.30" alone may be a date, "ten to nine" a span.
CLOCK_AFTER_AT = rf"(?:\d{{1,2}}\.\d{{2}}|(?:five|ten) to {_HOUR})"
# Of "8ish".
EXACT_HOUR = rf"(?:\d{{1,2}}(?::\d{{2}})?(?:[ap]m)?|{HOUR_WORD}|noon|midday|midnight)"
AROUND = "(?:around|about|roughly|approximately|circa|ca)"

_CLOCK = re.compile(
    rf"(?:(?P<past>{_QUARTER}|(?:five|ten) to) )?(?P<hour>{_HOUR})"
    r"(?:[:.](?P<minute>\d{2}))?(?::\d{2})? ?(?:(?P<half>[ap]m)|o'clock)?"
)
_NAMED = {"noon": NOON, "midday": NOON, "midnight": MIDNIGHT}
EXPECTED = "an hour from 0:00 to 24:00, or from 1 to 12 with am or pm"


@dataclass(frozen=True)
class ClockTime:
    """A time of the clock, in minutes after midnight.

    `half` is "am" or "pm" as given, None where an hour from 1 to 12 may be in either half of the
    day, and "" for the hours of a 24-hour clock. `whole` is whether an hour alone was given.
    """

    minute: int
    half: str | None = ""
    whole: bool = False


def clock_time(text: str) -> ClockTime:
    """Return the time that `HOUR_OR_CLOCK` matches; raises `TimeExpressionError`."""
    if text in _NAMED:
        return ClockTime(_NAMED[text])
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise TimeExpressionError(text, EXPECTED)
    hour, minute = number(match["hour"]), int(match["minute"] or 0)
    half = match["half"]
    if (half and not 1 <= hour <= 12) or minute >= HOUR:
        raise TimeExpressionError(text, EXPECTED)
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    total = hour * HOUR + minute + _minutes_past(match["past"])
    if not 0 <= total <= MIDNIGHT:
        raise TimeExpressionError(text, EXPECTED)
    whole = match["minute"] is None and match["past"] is None
    return ClockTime(total, half or (None if 1 <= hour <= 12 else ""), whole)


def _minutes_past(text: str | None) -> int:
    """Return the minutes that "half past", "quarter to", "ten past" add to an hour."""
    if text is None:
        return 0
    *words, side = text.removesuffix(" minutes").replace(" minutes ", " ").split()
    minutes = {"half": 30, "quarter": 15}.get(words[0]) or number(words[0])
    return minutes if side == "past" else -minutes


def part_of_day(word: str) -> Minutes:
    """Return the minutes of a part of the day, as in `PART`."""
    return PARTS[word.removesuffix("s").replace(" ", "")]


@dataclass(frozen=True)
class ClockRange:
    """A range of minutes of the day, and `half` as for `ClockTime`; None where an end is open."""

    begin: int | None
    end: int | None
    half: str | None = ""

    def minutes(self, part: Minutes | None) -> Minutes:
        """Return the minutes, in the half of the day that a part of the day says, if it does.

        That part also closes an open end: "last night after 2".
        """
        begin, end = self.begin, self.end
        first, past = part or (0, MIDNIGHT)
        anchor = begin if begin is not None else end
        if anchor is not None and part is not None:
            halves = (0, NOON, MIDNIGHT) if self.half is None else (0, MIDNIGHT)
            # "8 at night" is before what the night alone is.
            early = THE_NIGHT[0] if part == PARTS["night"] else first
            later = next((each for each in halves if early <= anchor + each <= past), 0)
            begin = None if begin is None else begin + later
            end = None if end is None else end + later
        if begin is None:
            return (first if end is None or first < end else 0), end or past
        if end is None:
            return (begin, past) if begin < past else (begin, max(begin, MIDNIGHT))
        return begin, end


def range_between(first: ClockTime, last: ClockTime) -> ClockRange:
    """Return the range from one time to another, which ends after midnight if it has to.

    What is given of one time holds for the other: "8 to 10 pm", "11 to 1 pm", "9 to 5", and the
    24-hour clock of "21:00 to 10:00".
    """
    begin, end = first.minute % MIDNIGHT, last.minute
    if first.half is None and (
        (last.half == "pm" and begin + NOON < end) or (last.half == "am" and begin >= end)
    ):
        begin = (begin + NOON) % MIDNIGHT
    if end <= begin:
        of_24_hours = first.half == "" and begin != NOON
        later = last.half is None and not of_24_hours and end + NOON > begin
        end += NOON if later else MIDNIGHT
    return ClockRange(begin, end, first.half if last.half is None else last.half)
