"""A log as a calendar (iCalendar, RFC 5545): an event for each run of one scenario."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from infra.daily_log.corrections import in_force
from infra.daily_log.label_runs import runs
from schemas.frames import NS

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from infra.daily_log.records import Log

# Shorter runs are mostly noise, and would clutter a calendar.
MIN_EVENT_NS = 120_000_000_000
_LINE_BYTES = 75
_MAX_SOUNDS = 5


def to_calendar(
    log: Log, device: str, from_ns: int, to_ns: int, zone: ZoneInfo | None = None
) -> str:
    """Return the calendar of [from_ns, to_ns); an event's UID is a function of device and start.

    zone: the wearer's time zone, used for the events' times; UTC if None.
    """
    lasting = [
        run
        for run in runs(log, "scenario", from_ns, to_ns)
        if run.end_ns - run.start_ns >= MIN_EVENT_NS
    ]
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//EgoLog Streams//Daily log//EN",
        f"X-WR-CALNAME:{_text(device)}",
    ]
    if zone is not None and lasting:
        lines += [
            f"X-WR-TIMEZONE:{zone.key}",
            *_time_zone_lines(zone, _utc(lasting[0].start_ns), _utc(lasting[-1].end_ns)),
        ]
    notes = [each for each in in_force(log.corrections) if each.note]
    for run in lasting:
        uid = sha256(f"{device}/{run.start_ns}".encode()).hexdigest()[:32]
        note_lines = [n.note for n in notes if n.start_ns < run.end_ns and n.end_ns > run.start_ns]
        sounds = _frequent_sounds(log, run.start_ns, run.end_ns)
        if sounds:
            note_lines.append(f"Heard: {', '.join(sounds)}")
        lines += [
            "BEGIN:VEVENT",
            f"UID:{uid}@egolog",
            f"DTSTAMP:{_time(run.start_ns)}",
            f"DTSTART{_local(run.start_ns, zone)}",
            f"DTEND{_local(run.end_ns, zone)}",
            f"SUMMARY:{_text(', '.join(run.labels))}",
            *([f"DESCRIPTION:{_text(chr(10).join(note_lines))}"] if note_lines else []),
            "END:VEVENT",
        ]
    return "".join(f"{_fold(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _time_zone_lines(zone: ZoneInfo, first: datetime, last: datetime) -> list[str]:
    """Return the zone's VTIMEZONE lines (RFC 5545 §3.6.5): each UTC offset in [first, last]."""
    lines = ["BEGIN:VTIMEZONE", f"TZID:{zone.key}"]
    at, before = first - timedelta(days=1), None
    for now in _changes(zone, at, last):
        offset = now.astimezone(zone).utcoffset() or timedelta()
        kind = "DAYLIGHT" if now.astimezone(zone).dst() else "STANDARD"
        former = offset if before is None else before
        lines += [
            f"BEGIN:{kind}",
            # The RFC gives an onset in the local time that held before it.
            f"DTSTART:{now + former:%Y%m%dT%H%M%S}",
            f"TZOFFSETFROM:{_offset(former)}",
            f"TZOFFSETTO:{_offset(offset)}",
            f"TZNAME:{_text(now.astimezone(zone).tzname() or zone.key)}",
            f"END:{kind}",
        ]
        before = offset
    return [*lines, "END:VTIMEZONE"]


def _changes(zone: ZoneInfo, first: datetime, last: datetime) -> list[datetime]:
    """Return `first` and each change of UTC offset until `last`, to the second."""
    changes, at = [first], first
    while at < last:
        following = min(at + timedelta(days=1), last)
        if _differs(zone, at, following):
            low, high = at, following
            while high - low > timedelta(seconds=1):
                middle = (low + (high - low) / 2).replace(microsecond=0)
                low, high = (low, middle) if _differs(zone, low, middle) else (middle, high)
            changes.append(high)
        at = following
    return changes


def _differs(zone: ZoneInfo, one: datetime, other: datetime) -> bool:
    return one.astimezone(zone).utcoffset() != other.astimezone(zone).utcoffset()


def _offset(offset: timedelta) -> str:
    seconds = round(offset.total_seconds())
    minutes = abs(seconds) // 60
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02d}{minutes % 60:02d}"


def _utc(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns // NS, UTC)


def _local(time_ns: int, zone: ZoneInfo | None) -> str:
    if zone is None:
        return f":{_time(time_ns)}"
    return f";TZID={zone.key}:{_utc(time_ns).astimezone(zone):%Y%m%dT%H%M%S}"


def _frequent_sounds(log: Log, from_ns: int, to_ns: int) -> list[str]:
    """Return the most frequent sound events, with their place where it is known."""
    counts: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for record in log.scenarios:
        if record.start_ns < to_ns and record.end_ns > from_ns:
            counts.update((n, each.words) for n, each in record.sound_places.items() if each.words)
    ranked = sorted(counts, key=lambda key: (-counts[key], key))
    return [f"{name} ({' '.join(words)})" for name, words in ranked[:_MAX_SOUNDS]]


def _time(time_ns: int) -> str:
    return f"{_utc(time_ns):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r", "").replace("\n", "\\n")


def _fold(line: str) -> str:
    """Fold a line as in RFC 5545 §3.1, without splitting a UTF-8 character."""
    parts, size = [""], 0
    for letter in line:
        width = len(letter.encode())
        if size + width > _LINE_BYTES:
            parts.append(" ")
            size = 1
        parts[-1] += letter
        size += width
    return "\r\n".join(parts)
