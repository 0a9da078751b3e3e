"""Quiet hours: spans of the wearer's day in which nothing is processed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from functools import lru_cache

from schemas.frames import MAX_FRAME_S, NS
from schemas.time_zone import time_zone

_SPAN = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")


@dataclass(frozen=True)
class QuietHours:
    """Spans of wall time in a zone; one that ends before it begins goes over midnight."""

    spans: tuple[tuple[time, time], ...]
    zone: tzinfo

    @classmethod
    @lru_cache(maxsize=1_000)
    def parse(cls, text: str) -> QuietHours:
        """Return what `22:00-07:00,12:30-13:00@Europe/Berlin` says; raises `ValueError`."""
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

    def touch(self, t_ns: int) -> bool:
        """Return whether a frame that begins then may lie in them, even in part."""
        return self.covers(t_ns) or self.covers(t_ns + round(MAX_FRAME_S * NS) - 1)
