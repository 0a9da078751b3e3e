"""The start of a recording from its file's name.

Supported are ISO 8601 in any punctuation (`2026-03-02T08-00-00.250Z`, `20260302T080000+0100`),
AudioMoth (`20260302_080000.WAV`, and seconds since 1970 in hex), BirdNET-Pi
(`2026-03-02-birdnet-08:00:00.wav`), phone recorders (`Voice 260302_080000.m4a`,
`Recording 2026-03-02 08.00.00.m4a`, `2 Mar 2026 at 08-00-00`) and seconds or milliseconds since
1970.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from schemas.event_time import why_refused
from schemas.frames import NS

_ZONE = r"(?P<zone>\s?(?:Z|UTC|GMT)(?![A-Za-z])|[+-]\d\d[:_-]?\d\d(?!\d))?"
# After a point; JavaScript's toISOString in file names has `-250Z`, Pixel phones no separator.
_FRACTION = (
    r"(?:[.,](?P<fraction>\d{1,9})(?!\d)|(?P<millis>\d{3})(?!\d)|[-_](?P<dashed>\d{3})(?=Z))?"
)
_DATE = r"(?P<year>[12]\d{3})(?P<dash>[-_.]?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)"
_CLOCK = r"(?P<hour>\d\d)(?P<colon>[-_.:h꞉∶]?)(?P<minute>\d\d)[-_.:m꞉∶]?(?P<second>\d\d)"
_AFTER = r"(?!\d)"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # ISO, AudioMoth, Song Meter, voice memos, most apps; BirdNET-Pi has its name in between.
        rf"(?<!\d){_DATE}(?:[T _.-]{{0,3}}|\s?at\s|-birdnet-(?:[\w]+-)?){_CLOCK}"
        rf"{_FRACTION}{_ZONE}{_AFTER}",
        # Samsung and Sony: two-digit years.
        rf"(?<!\d)(?P<year>\d\d)(?P<month>\d\d)(?P<day>\d\d)[_-](?P<hour>\d\d)(?P<minute>\d\d)"
        rf"(?P<second>\d\d){_ZONE}{_AFTER}",
        # Day first, with the name of the month.
        rf"(?<!\d)(?P<day>\d\d?)[ _.-](?P<name>[a-z]{{3}})[a-z]*[ _.,-]+(?P<year>[12]\d{{3}})"
        rf"(?:\s?at\s|[ _T,-]+){_CLOCK}{_FRACTION}{_ZONE}{_AFTER}",
        rf"(?P<name>[a-z]{{3}})[a-z]*[ _.-](?P<day>\d\d?),?[ _.-]+(?P<year>[12]\d{{3}})"
        rf"(?:\s?at\s|[ _T,-]+){_CLOCK}{_FRACTION}{_ZONE}{_AFTER}",
    )
)
_HEX = re.compile(r"^[0-9A-F]{8}$")
_COUNT = re.compile(r"(?<!\d)(\d{10}|\d{13}|\d{16}|\d{19})(?!\d)")


@dataclass(frozen=True)
class StartTime:
    """A start from a name or a file's metadata; without a zone it was read as UTC."""

    time_ns: int
    zoned: bool
    source: str


def named_time(stem: str, now_ns: int) -> StartTime | None:
    """Return the start in a file's name without its suffix, or None.

    Bare numbers count only if they are plausible times; a written date always counts, so that a
    wrong clock can be reported.
    """
    for pattern in _PATTERNS:
        for match in pattern.finditer(stem):
            time = _time_of(match)
            if time is not None:
                return time
    for count in _COUNT.findall(stem):
        time_ns = int(count) * 10 ** (19 - len(count))
        if why_refused(time_ns, now_ns) is None:
            return StartTime(time_ns, True, "name")
    if _HEX.match(stem):
        time_ns = int(stem, 16) * NS
        if why_refused(time_ns, now_ns) is None:
            return StartTime(time_ns, True, "name")
    return None


def written_time(text: str, source: str) -> StartTime | None:
    """Return a time of metadata in ISO 8601 (or with colons in the date), else None."""
    match = _PATTERNS[0].search(re.sub(r"^(\d{4}):(\d\d):(\d\d)", r"\1-\2-\3", text.strip()))
    time = None if match is None else _time_of(match)
    return None if time is None else StartTime(time.time_ns, time.zoned, source)


def _time_of(match: re.Match[str]) -> StartTime | None:
    part = match.groupdict()
    year = int(part["year"])
    if year < 100:
        year += 2000
    name = (part.get("name") or "").lower()
    if name and name not in _MONTHS:
        return None
    month = _MONTHS.index(name) + 1 if name else int(part["month"])
    zone, zoned = _zone(part["zone"])
    try:
        moment = datetime(
            year,
            month,
            int(part["day"]),
            int(part["hour"]),
            int(part["minute"]),
            min(int(part["second"]), 59),
            tzinfo=zone,
        )
    except ValueError:
        return None
    digits = part.get("fraction") or part.get("millis") or part.get("dashed") or "0"
    fraction = int(digits.ljust(9, "0"))
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    return StartTime(seconds * NS + fraction, zoned, "name")


def _zone(text: str | None) -> tuple[timezone, bool]:
    if not text:
        return UTC, False
    digits = re.sub(r"\D", "", text)
    if not digits:
        return UTC, True
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    # Anything else is the number of a part: 20260302_080000-0002.
    if offset >= timedelta(hours=15) or digits[2:] not in ("00", "15", "30", "45"):
        return UTC, False
    return timezone(-offset if text.strip().startswith("-") else offset), True
