"""A query in fields, as the page and the command line ask it; one of them is in words."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from infra.daily_log.search.query import PLACES, WORN, LogQuery, Name
from infra.daily_log.search.words import words_of
from infra.daily_log.time_expressions.errors import TimeExpressionError
from infra.errors import InfraError
from schemas.frames import NS
from schemas.time_zone import EXPECTED_ZONE, time_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class SearchFieldError(InfraError):
    """A field of a search has a `value` that it cannot have."""

    def __init__(self, field: str, value: str | None, expected: str) -> None:
        self.field = field
        self.value = value
        self.expected = expected
        super().__init__(
            f"parameter {field} has value {(value or '')[:100]!r}; expected {expected}"
        )


def query_of(asked: Mapping[str, str], names: Mapping[str, Iterable[str]], now_ns: int) -> LogQuery:
    """Return the query of fields at a present time; they take precedence over the `words`.

    names: as `words_of` takes them. Raises `SearchFieldError`.
    """
    try:
        zone = time_zone(asked.get("zone", "UTC"))
    except ValueError as error:
        raise SearchFieldError("zone", asked.get("zone"), EXPECTED_ZONE) from error
    now = datetime.fromtimestamp(now_ns // NS, zone)
    try:
        meant = words_of(asked.get("words", ""), names, now)
    except TimeExpressionError as error:
        raise SearchFieldError("words", error.text, error.expected) from error
    places = tuple(part for part in asked.get("where", "").split(",") if part)
    for place in places:
        if place not in PLACES:
            raise SearchFieldError("where", place, f"some of {', '.join(PLACES)}, with commas")
    worn = asked.get("worn")
    if worn is not None and worn not in WORN:
        raise SearchFieldError("worn", worn, f"one of {', '.join(WORN)}")
    given = [(Name(kind, asked[kind]),) for kind in names if asked.get(kind)]
    others = (either for either in meant.named if not any(asked.get(each.kind) for each in either))
    return LogQuery(
        named=(*given, *others),
        places=places or meant.places,
        either_place=() if places else meant.either_place,
        confidence=(_share(asked, "confidence_from", 0.0), _share(asked, "confidence_below", 1.1)),
        notes=(asked["note"],) if "note" in asked else meant.notes,
        worn=meant.worn if worn is None else (worn,),
        when=meant.when,
        zone=zone,
        unknown_words=meant.unknown_words,
    )


def _share(asked: Mapping[str, str], name: str, default: float) -> float:
    value = asked.get(name)
    if value is None:
        return default
    try:
        share = float(value)
    except ValueError as error:
        raise SearchFieldError(name, value, "a number from 0 to 1") from error
    if not 0.0 <= share <= 1.0:
        raise SearchFieldError(name, value, "a number from 0 to 1")
    return share
