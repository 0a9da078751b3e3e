"""A log as a calendar (iCalendar, RFC 5545): an event for each run of one scenario."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from infra.daily_log.corrections import in_force
from infra.daily_log.editing import runs

if TYPE_CHECKING:
    from infra.daily_log.records import Log

# What is shorter is a flicker, and a calendar is read at a glance.
MIN_EVENT_NS = 120_000_000_000
_LINE_BYTES = 75


def to_calendar(log: Log, device: str, from_ns: int, to_ns: int) -> str:
    """Return the calendar of [from_ns, to_ns); an event's UID is a function of device and start."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//EgoLog Streams//Daily log//EN",
        f"X-WR-CALNAME:{_text(device)}",
    ]
    notes = [each for each in in_force(log.corrections) if each.note]
    for run in runs(log, "scenario", from_ns, to_ns):
        if run.end_ns - run.start_ns < MIN_EVENT_NS:
            continue
        uid = sha256(f"{device}/{run.start_ns}".encode()).hexdigest()[:32]
        spoken = [n.note for n in notes if n.start_ns < run.end_ns and n.end_ns > run.start_ns]
        lines += [
            "BEGIN:VEVENT",
            f"UID:{uid}@egolog",
            f"DTSTAMP:{_time(run.start_ns)}",
            f"DTSTART:{_time(run.start_ns)}",
            f"DTEND:{_time(run.end_ns)}",
            f"SUMMARY:{_text(', '.join(run.labels))}",
            *([f"DESCRIPTION:{_text(chr(10).join(spoken))}"] if spoken else []),
            "END:VEVENT",
        ]
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _time(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns // 1_000_000_000, UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> str:
    """Return a line broken as RFC 5545 §3.1 asks, between characters and never inside of one."""
    parts, size = [""], 0
    for letter in line:
        width = len(letter.encode())
        if size + width > _LINE_BYTES:
            parts.append(" ")
            size = 1
        parts[-1] += letter
        size += width
    return "\r\n".join(parts)
