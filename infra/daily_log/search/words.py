"""A query in words, as "clapping near, Tuesday afternoon"."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING

from infra.daily_log.search.query import PLACES, WORN, LogQuery
from infra.daily_log.time_expressions.grammar import when_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

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
