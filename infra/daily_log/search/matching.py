"""Whether a record of the log fulfils a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.daily_log.records import LogScenario
    from infra.daily_log.search.query import LogQuery, Name

_SOUNDS = 0.5


def names_of(record: LogScenario) -> set[str]:
    """Return a record's labels for comparison by `is_among`."""
    return {label.casefold() for label in record.labels}


def fits(
    query: LogQuery, record: LogScenario, activities: tuple[str, ...], notes: tuple[str, ...]
) -> bool:
    """Return whether a record, with the activities and notes within it, fulfils a query."""
    own: dict[str, set[str]] = {
        "scenario": names_of(record),
        "activity": {name.casefold() for name in activities},
        "sound": {name.casefold() for name in record.sound_events},
    }
    return (
        all(_is_named(either, own) for either in query.named)
        and _is_in_place(query, record, own["sound"])
        and query.confidence[0] <= record.confidence < query.confidence[1]
        and all(any(part.casefold() in n.casefold() for n in notes) for part in query.notes)
        and (not query.worn or any(_is_worn(place, record) for place in query.worn))
        and query.when.holds(record.start_ns, query.zone)
    )


def named_in(query: LogQuery, activities: tuple[str, ...], record: LogScenario) -> tuple[str, ...]:
    """Return the activities and sounds of a record that the query names."""
    own = {"activity": activities, "sound": tuple(record.sound_events)}
    wanted = {
        (each.kind, each.name.strip().casefold()) for either in query.named for each in either
    }
    return tuple(
        name for kind, names in own.items() for name in names if (kind, name.casefold()) in wanted
    )


def fits_added(query: LogQuery, name: str, start_ns: int) -> bool:
    """Return whether a scenario that the wearer added where there is no record fulfils a query."""
    own: dict[str, set[str]] = {"scenario": {name.casefold()}}
    return (
        not (query.places or query.either_place or query.notes or query.worn)
        and query.confidence[0] <= 1.0 < query.confidence[1]
        and all(_is_named(either, own) for either in query.named)
        and query.when.holds(start_ns, query.zone)
    )


def is_among(wanted: str, names: set[str]) -> bool:
    """Return whether a name is among the names, which are in lower case."""
    return wanted.strip().casefold() in names


def _is_named(either: tuple[Name, ...], own: Mapping[str, set[str]]) -> bool:
    return any(is_among(each.name, own.get(each.kind, set())) for each in either)


def _is_in_place(query: LogQuery, record: LogScenario, sounds: set[str]) -> bool:
    """Return whether a named sound of the record, or any without one, is in the wanted places."""
    named = [each.name for either in query.named for each in either if each.kind == "sound"]
    own: list[str] | list[None] = [name for name in named if is_among(name, sounds)] or [None]
    wanted = [(*query.places, each) for each in query.either_place] or [query.places]
    return any(_is_at(places, sound, record) for places in wanted for sound in own)


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
