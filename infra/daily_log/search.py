"""Searching a log by scenario, activity, sound, place, confidence, note, time or worn position."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, NamedTuple

from infra.daily_log.corrections import added_spans, in_force
from infra.daily_log.records import Log
from infra.daily_log.time_expressions.grammar import when_of
from infra.daily_log.time_expressions.when import When, days_text
from schemas.frames import NS
from schemas.position import KNOWN_PLACES
from schemas.ranking import likeliest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from infra.daily_log.corrections import AddedSpan
    from infra.daily_log.records import DeviceSummary, LogScenario

PLACES = ("near", "far", "front", "left", "right", "back")
WORN = KNOWN_PLACES
_SMALL_WORDS = frozenset(
    {"on", "in", "the", "at", "and", "a", "to", "with", "of", "or", "from", "during", "every"}
    | {"each", "all", "whole", "over", "for", "within", "around", "about"}
    # Of a question: "What did I do yesterday?"
    | {"what", "when", "i", "my", "did", "do", "was", "were"}
)
# "1,5 hours" is written so in much of the world.
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d{1,2} ?(?:h|hr|hour|d|day|week|month|year)s?\b)")
_QUOTED = re.compile('["\u201c\u201d\u201e]([^"\u201c\u201d\u201e]+)["\u201c\u201d\u201e]')
_MIN_BEGINNING = 3
# Matching windows further apart than this are separate hits.
_GAP_NS = 90_000_000_000
_SOUNDS = 0.5
_STEP_NS = 5_000_000_000


@dataclass(frozen=True)
class LogQuery:
    """Search criteria, all of which must match; case is ignored.

    `scenario`, `activity` and `sound` are names. `places` are of `PLACES`, each with probability
    above 0.5, of the named sound, or else of any sound event or the sound as a whole. `confidence`
    is a half-open range; each of `notes` is part of a note; `worn` is one of `WORN`; `when` is in
    `zone`.
    """

    scenario: str | None = None
    activity: str | None = None
    sound: str | None = None
    places: tuple[str, ...] = ()
    confidence: tuple[float, float] = (0.0, 1.1)
    notes: tuple[str, ...] = ()
    worn: str | None = None
    when: When = field(default_factory=When)
    corrected: bool | None = None
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


class Hit(NamedTuple):
    """A matching span, with its scenario, activities, sounds and notes."""

    start_ns: int
    end_ns: int
    scenario: str
    activities: tuple[str, ...]
    sounds: tuple[str, ...]
    confidence: float
    notes: tuple[str, ...]
    windows: tuple[str, ...]


def words_of(text: str, names: Mapping[str, Iterable[str]], now: datetime) -> LogQuery:
    """Parse a query from words, as "clapping near, Tuesday afternoon" or "cooking yesterday".

    now: the present, in the zone of the query's times, which `time_expressions.grammar` describes.
    Raises `TimeExpressionError` for a time that cannot be. What is in quotes is part of a note.

    names: the known names of `scenario`, `activity` and `sound`; the longest match wins. Else a
    name is meant by its words, or by how they begin, if no other name of its kind has as many of
    them: "car", "read", "desk work". Words that are not understood are listed in `unknown_words`.
    """
    quoted = (" ".join(part.split()) for part in _QUOTED.findall(text))
    notes = tuple(part for part in quoted if part)
    text = _DECIMAL_COMMA.sub(".", _QUOTED.sub(" ", text).casefold())
    rest = f" {' '.join(text.replace(',', ' ').split())} "
    given: dict[str, str] = {}
    for kind, known in names.items():
        for name in sorted(known, key=len, reverse=True):
            key = f" {' '.join(name.casefold().replace(',', ' ').split())} "
            if key in rest:
                given[kind] = name
                rest = rest.replace(key, " ", 1)
                break
    when, words = when_of(rest.split(), now)
    places, unknown, worn = [], [], None
    for word in words:
        if word in PLACES:
            places.append(word)
        elif word in WORN:
            worn = word
        elif word not in _SMALL_WORDS:
            unknown.append(word)
    for kind, known in names.items():
        if kind not in given and (meant := _meant(unknown, known)) is not None:
            given[kind] = meant
            unknown = [word for word in unknown if not _begins(word, meant)]
    return LogQuery(
        scenario=given.get("scenario"),
        activity=given.get("activity"),
        sound=given.get("sound"),
        places=tuple(places),
        notes=notes,
        worn=worn,
        when=when,
        zone=now.tzinfo or UTC,
        unknown_words=tuple(unknown),
    )


def _meant(words: Sequence[str], names: Iterable[str]) -> str | None:
    """Return the name with the most of the words, None where two have as many or none has any."""
    counts = {name: sum(_begins(word, name) for word in words) for name in names}
    most = max(counts.values(), default=0)
    best = [name for name, count in counts.items() if count == most]
    return best[0] if most and len(best) == 1 else None


def _begins(word: str, name: str) -> bool:
    """Return whether a word of `name` is `word`, or begins with it if it has three letters."""
    parts = set(re.findall(r"\w+", name.casefold())) - _SMALL_WORDS
    return word in parts or (
        len(word) >= _MIN_BEGINNING and any(part.startswith(word) for part in parts)
    )


def days_of_log(device: DeviceSummary, zone: tzinfo) -> str:
    """Return in words which days a device's log spans.

    A log of recordings that were replayed later has no today and no yesterday.
    """
    first, last = (
        datetime.fromtimestamp(time_ns // NS, zone).date()
        for time_ns in (device.first_ns, max(device.first_ns, device.last_ns - 1))
    )
    return days_text(first, last)


def find(log: Log, query: LogQuery, from_ns: int = 0, to_ns: int = 2**62) -> list[Hit]:
    """Return the matching spans in order; adjacent windows of one scenario are merged.

    [from_ns, to_ns) are the bounds of the log's records.
    """
    doing: dict[tuple[str, int], list[str]] = {}
    for activity in log.activities:
        key = (activity.session_id, activity.start_ns // _STEP_NS)
        doing.setdefault(key, []).append(activity.leading)
    notes = [each for each in in_force(log.corrections) if each.note]
    hits: list[Hit] = []
    for record in log.scenarios:
        activities = _unique(
            name
            for step in range(record.start_ns // _STEP_NS, -(-record.end_ns // _STEP_NS))
            for name in doing.get((record.session_id, step), ())
        )
        spoken = _unique(
            each.note
            for each in notes
            if each.start_ns < record.end_ns and each.end_ns > record.start_ns
        )
        if _fits(query, record, activities, spoken):
            _append(hits, _hit(record, activities, spoken))
    for each in added_spans(log, from_ns, to_ns):
        if each.row == "scenario" and _fits_added(query, each.leading, each.start_ns):
            span = (each.start_ns, each.end_ns, each.leading)
            hits.append(Hit(*span, (), (), 1.0, (), ()))
    return sorted(hits)


def continued(hits: list[Hit], more: list[Hit]) -> list[Hit]:
    """Append the hits of the following part of a log, merging a hit cut by the border."""
    whole = list(hits)
    for hit in more[:1]:
        _append(whole, hit)
    return [*whole, *more[1:]]


def of_scenario(log: Log, name: str) -> Log:
    """Return the scenario records labelled `name`, and the activities within them.

    Case is ignored.
    """
    key = name.strip().casefold()
    scenarios = [record for record in log.scenarios if key in _named(record)]
    sessions: dict[str, list[LogScenario]] = {}
    for record in scenarios:
        sessions.setdefault(record.session_id, []).append(record)
    activities = [
        activity
        for activity in log.activities
        if any(
            record.start_ns <= activity.start_ns < record.end_ns
            for record in sessions.get(activity.session_id, ())
        )
    ]
    return Log.of(scenarios, activities, log.corrections)


def added_of_scenario(added: Iterable[AddedSpan], name: str) -> list[AddedSpan]:
    """Return the spans that were added as the scenario `name`; case is ignored."""
    return [
        each
        for each in added
        if each.row == "scenario" and _is(name, {label.casefold() for label in each.word.labels})
    ]


def _named(record: LogScenario) -> set[str]:
    return {label.casefold() for label in record.labels}


def _fits(
    query: LogQuery, record: LogScenario, activities: tuple[str, ...], notes: tuple[str, ...]
) -> bool:
    return (
        _is(query.scenario, _named(record))
        and _is(query.activity, {name.casefold() for name in activities})
        and _is(query.sound, {name.casefold() for name in record.sound_events})
        and _is_at(query.places, query.sound, record)
        and query.confidence[0] <= record.confidence < query.confidence[1]
        and all(any(part.casefold() in n.casefold() for n in notes) for part in query.notes)
        and (query.worn is None or _is_worn(query.worn, record))
        and (query.corrected is None or query.corrected == (record.corrected is not None))
        and query.when.holds(record.start_ns, query.zone)
    )


def _fits_added(query: LogQuery, name: str, start_ns: int) -> bool:
    plain = query.activity is None and query.sound is None and not query.places
    return (
        plain
        and not query.notes
        and query.worn is None
        and query.corrected is not False
        and query.confidence[0] <= 1.0 < query.confidence[1]
        and _is(query.scenario, {name.casefold()})
        and query.when.holds(start_ns, query.zone)
    )


def _is(wanted: str | None, names: set[str]) -> bool:
    return wanted is None or wanted.strip().casefold() in names


def _is_worn(wanted: str, record: LogScenario) -> bool:
    return record.position is not None and wanted.casefold() in record.position.names


def _is_at(places: tuple[str, ...], sound: str | None, record: LogScenario) -> bool:
    """Return whether the named sound event is at all the places.

    An event without a place takes that of the sound as a whole. If no sound is named, any event or
    the sound as a whole may match.
    """
    key = None if sound is None else sound.strip().casefold()
    own = [
        each for name, each in record.sound_places.items() if key is None or name.casefold() == key
    ]
    if any(set(places) <= set(each.words) for each in own):
        return True
    return (key is None or not own) and all(_sounds(place, record) for place in places)


def _sounds(place: str, record: LogScenario) -> bool:
    """Return whether the sound was at `place` with probability above 0.5, over its regions."""
    return any(place in region.split("-") and p >= _SOUNDS for region, p in record.spatial.items())


def _hit(record: LogScenario, activities: tuple[str, ...], notes: tuple[str, ...]) -> Hit:
    return Hit(
        record.start_ns,
        record.end_ns,
        record.leading or (likeliest(record.scenarios) if record.scenarios else ""),
        activities,
        tuple(record.sound_events),
        record.confidence,
        notes,
        (record.window_id,),
    )


def _append(hits: list[Hit], hit: Hit) -> None:
    last = hits[-1] if hits else None
    if last is None or last.scenario != hit.scenario or hit.start_ns - last.end_ns > _GAP_NS:
        hits.append(hit)
        return
    hits[-1] = Hit(
        last.start_ns,
        hit.end_ns,
        last.scenario,
        _unique((*last.activities, *hit.activities)),
        _unique((*last.sounds, *hit.sounds)),
        min(last.confidence, hit.confidence),
        _unique((*last.notes, *hit.notes)),
        (*last.windows, *hit.windows),
    )


def _unique(names: Iterator[str] | Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))
