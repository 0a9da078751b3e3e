"""What is searched for: scenario, activity, sound, place, confidence, note, time, worn position."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import NamedTuple

from infra.daily_log.time_expressions.when import When
from schemas.position import KNOWN_PLACES

PLACES = ("near", "far", "front", "left", "right", "back")
WORN = KNOWN_PLACES


class Name(NamedTuple):
    """A name; `kind` is scenario, activity or sound."""

    kind: str
    name: str


@dataclass(frozen=True)
class LogQuery:
    """Search criteria, all of which must match; case is ignored.

    Of the alternatives in each of `named` one has to match. `places` are of `PLACES`, each with
    probability above 0.5, of a named sound, or else of any sound event or the sound as a whole; so
    is one of `either_place`, if there are any. `confidence` is a half-open range; each of `notes`
    is part of a note; `worn` are of `WORN`, one of which has to match; `when` is in `zone`.
    """

    named: tuple[tuple[Name, ...], ...] = ()
    places: tuple[str, ...] = ()
    either_place: tuple[str, ...] = ()
    confidence: tuple[float, float] = (0.0, 1.1)
    notes: tuple[str, ...] = ()
    worn: tuple[str, ...] = ()
    when: When = field(default_factory=When)
    zone: tzinfo = field(default=UTC)
    unknown_words: tuple[str, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether there is any criterion."""
        return self != LogQuery(zone=self.zone, unknown_words=self.unknown_words)

    def may_be_in(self, from_ns: int, to_ns: int) -> bool:
        """Return whether a span of an hour or less can have a hit."""
        return self.when.holds_within(from_ns, to_ns, self.zone)

    def within(self, from_ns: int, to_ns: int) -> tuple[int, int]:
        """Return the part of [from_ns, to_ns) that can have hits."""
        first, past = self.when.bounds(self.zone)
        first = max(first, from_ns)
        return first, max(first, min(past, to_ns))
