"""How days, weeks, months and years of the calendar are written: parts of regular expressions."""

from __future__ import annotations

from infra.daily_log.time_expressions.durations import LONG_DURATION, NUMBER, PAST_LONG_DURATION

ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    "tenth",
)
MONTHS = (
    *("jan(?:uary)?", "feb(?:ruary)?", "mar(?:ch)?", "apr(?:il)?", "may", "june?", "july?"),
    *("aug(?:ust)?", "sept?(?:ember)?", "oct(?:ober)?", "nov(?:ember)?", "dec(?:ember)?"),
)
_WEEKDAYS = (
    *("mon(?:day)?", "tue(?:s(?:day)?)?", "wed(?:nesday)?", "thu(?:r(?:s(?:day)?)?)?"),
    *("fri(?:day)?", "sat(?:urday)?", "sun(?:day)?"),
)

MONTH = f"(?:{'|'.join(MONTHS)})"
WEEKDAY = f"(?:{'|'.join(_WEEKDAYS)})"
YEAR = r"(?:(?:19|20)\d{2}(?! ?[:/.]))"
DAY_OF_MONTH = r"(?:\d{1,2}(?:st|nd|rd|th)?(?! ?[:/.]))"
NUMERIC_DATE = (
    r"(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\.\d{1,2}\.(?:\d{4}|\d{2}(?!\d))?"
    r"|\d{1,2}/\d{1,2}(?:/(?:\d{4}|\d{2}(?!\d)))?)"
)
_DAY_AND_MONTH = (
    rf"(?:{NUMERIC_DATE}|(?:the )?{DAY_OF_MONTH} (?:of )?{MONTH}(?: {YEAR})?"
    rf"|{MONTH} (?:the )?{DAY_OF_MONTH}(?: {YEAR})?)"
)
_ORDINAL = r"(?:\d{1,2}(?:st|nd|rd|th))"
# Of "2nd floor" it is no day.
_NUMBERED = (
    "(?:anniversary|attempt|avenue|birthday|century|floor|gear|grade|half|lap|person|place|round"
    r"|row|storey|story|street|time)\b"
)
DATE = rf"(?:{_DAY_AND_MONTH}|(?:the )?{_ORDINAL}(?! {_NUMBERED}))"
LAST = "(?:(?:this )?(?:last|past|previous))"
CALENDAR_UNIT = f"(?:week|weekend|month|year|{MONTH})"
RELATIVE_MONTH = (
    rf"(?:(?:the )?(?:this|{LAST}) (?:month|{MONTH})|(?:the )?month before last|the month)"
)
A_MONTH = rf"(?:{RELATIVE_MONTH}|{MONTH}(?: {YEAR})?)"
# What "the 1st of last month" begins with.
DAY_WITHIN = rf"(?:{_ORDINAL}|{'|'.join(ORDINALS)}|(?:first|last) day)"
DAY = (
    rf"(?:(?:today|yesterday|(?:on )?{WEEKDAY}) {LONG_DURATION} ago"
    rf"|{LONG_DURATION} ago (?:today|yesterday|(?:on )?{WEEKDAY})"
    rf"|today|(?:the )?day before yesterday|yesterday"
    rf"|{NUMBER} (?:{WEEKDAY})s? ago|(?:the )?{WEEKDAY} before last|(?:this|{LAST}) {WEEKDAY}"
    rf"|{_DAY_AND_MONTH}|(?:the )?{DAY_WITHIN} (?:of )?{A_MONTH}"
    rf"|{A_MONTH} (?:on )?(?:the )?{DAY_WITHIN}|{DATE})"
)
PERIOD = (
    rf"(?:{LONG_DURATION} ago|(?:the )?{LAST} {PAST_LONG_DURATION}|{NUMBER} weekends? ago"
    rf"|(?:the )?{CALENDAR_UNIT} before last"
    rf"|(?:this|(?:the )?{LAST}) {CALENDAR_UNIT}|the weekend"
    rf"|(?:the )?week of {DATE}|(?:calendar )?week \d{{1,2}}(?: {YEAR})?|\d{{4}}-\d{{1,2}}"
    rf"|{MONTH}(?: {YEAR})?|{YEAR})"
)
