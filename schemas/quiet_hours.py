"""Quiet hours: spans of the wearer's day in which no frame is processed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from schemas.frames import MAX_FRAME_S, NS
from schemas.time_zone import time_zone

_SPAN = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")


@dataclass(frozen=True)
class QuietHours:
    """Spans of local time in a zone; one that ends before it begins spans midnight."""

    spans: tuple[tuple[time, time], ...]
    zone: tzinfo

    @classmethod
    @lru_cache(maxsize=1_000)
    def parse(cls, text: str) -> QuietHours:
        """Parse a text like `22:00-07:00,12:30-13:00@Europe/Berlin`; raises `ValueError`."""
        spans_text, at, zone_name = text.partition("@")
        spans = []
        for part in spans_text.split(","):
            match = _SPAN.fullmatch(part.strip())
            if match is None:
                raise ValueError(f"span {part.strip()[:40]!r}; expected one like 22:00-07:00")
            first, minute, last, past = (int(digits) for digits in match.groups())
            begin, end = time(first, minute), time(last, past)
            if begin == end:
                raise ValueError(f"span {part.strip()!r} has no length")
            spans.append((begin, end))
        return cls(tuple(spans), time_zone(zone_name) if at else UTC)

    def covers(self, t_ns: int) -> bool:
        """Return whether a moment of event time is quiet."""
        now = datetime.fromtimestamp(t_ns / NS, self.zone).time()
        return any(
            begin <= now < end if begin < end else now >= begin or now < end
            for begin, end in self.spans
        )

    def between(self, from_ns: int, to_ns: int) -> list[tuple[int, int]]:
        """Return the quiet spans of event time within [from_ns, to_ns), in order, merged."""
        first = datetime.fromtimestamp(from_ns / NS, self.zone).date() - timedelta(days=1)
        days = (to_ns - from_ns) // (86_400 * NS) + 3
        spans: list[tuple[int, int]] = []
        for day in (first + timedelta(days=number) for number in range(days)):
            for begin, end in sorted(self.spans):
                start_ns = self._moment(day, begin)
                end_ns = self._moment(day if begin < end else day + timedelta(days=1), end)
                start_ns, end_ns = max(start_ns, from_ns), min(end_ns, to_ns)
                if start_ns >= end_ns:
                    continue
                if spans and start_ns <= spans[-1][1]:
                    spans[-1] = (spans[-1][0], max(spans[-1][1], end_ns))
                else:
                    spans.append((start_ns, end_ns))
        return spans

    def _moment(self, day: date, at: time) -> int:
        return int(datetime.combine(day, at, self.zone).timestamp()) * NS

    def touch(self, t_ns: int) -> bool:
        """Return whether a frame that begins then may overlap them."""
        return self.covers(t_ns) or self.covers(t_ns + round(MAX_FRAME_S * NS) - 1)
