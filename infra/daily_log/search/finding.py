"""The spans of a log that fulfil a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from infra.daily_log.corrections import added_spans, in_force
from infra.daily_log.search.matching import fits, fits_added, named_in
from schemas.message import END_OF_TIME_NS
from schemas.ranking import likeliest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.daily_log.records import Log, LogScenario
    from infra.daily_log.search.query import LogQuery

# Matching windows further apart than this are separate hits.
_GAP_NS = 90_000_000_000
_STEP_NS = 5_000_000_000


class Hit(NamedTuple):
    """A matching span, with its scenario, activities, sounds and notes.

    `named` are the activities and sounds that the query names.
    """

    start_ns: int
    end_ns: int
    scenario: str
    activities: tuple[str, ...]
    sounds: tuple[str, ...]
    confidence: float
    notes: tuple[str, ...]
    windows: tuple[str, ...]
    named: tuple[str, ...] = ()


def find(log: Log, query: LogQuery, from_ns: int = 0, to_ns: int = END_OF_TIME_NS) -> list[Hit]:
    """Return the matching spans in order; adjacent windows of one scenario are merged.

    [from_ns, to_ns) are the bounds of the log's records.
    """
    activities_at: dict[tuple[str, int], list[str]] = {}
    for activity in log.activities:
        key = (activity.session_id, activity.start_ns // _STEP_NS)
        activities_at.setdefault(key, []).append(activity.leading)
    notes = [each for each in in_force(log.corrections) if each.note]
    hits: list[Hit] = []
    for record in log.scenarios:
        activities = _unique(
            name
            for step in range(record.start_ns // _STEP_NS, -(-record.end_ns // _STEP_NS))
            for name in activities_at.get((record.session_id, step), ())
        )
        noted = _unique(
            each.note
            for each in notes
            if each.start_ns < record.end_ns and each.end_ns > record.start_ns
        )
        if fits(query, record, activities, noted):
            named = named_in(query, activities, record)
            _append(hits, _hit(record, activities, noted, named))
    for each in added_spans(log, from_ns, to_ns):
        if each.row == "scenario" and fits_added(query, each.leading, each.start_ns):
            span = (each.start_ns, each.end_ns, each.leading)
            hits.append(Hit(*span, (), (), 1.0, (), ()))
    return sorted(hits)


def continued(hits: list[Hit], more: list[Hit]) -> list[Hit]:
    """Append the hits of the following part of a log, merging a hit cut by the border."""
    whole = list(hits)
    for hit in more[:1]:
        _append(whole, hit)
    return [*whole, *more[1:]]


def _hit(
    record: LogScenario,
    activities: tuple[str, ...],
    notes: tuple[str, ...],
    named: tuple[str, ...],
) -> Hit:
    return Hit(
        record.start_ns,
        record.end_ns,
        record.leading or (likeliest(record.scenarios) if record.scenarios else ""),
        activities,
        tuple(record.sound_events),
        record.confidence,
        notes,
        (record.window_id,),
        named,
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
        _unique((*last.named, *hit.named)),
    )


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))
