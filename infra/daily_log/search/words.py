"""A query in words, as "clapping near, Tuesday afternoon"."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, NamedTuple

from infra.daily_log.search.names import mark_names
from infra.daily_log.search.query import PLACES, WORN, LogQuery, Name
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

    names: the known names of `scenario`, `activity` and `sound`; the longest match wins, and one
    that is of several kinds may be any of them. Else a name is meant by its words, or by how they
    begin, if no other name of its kind has as many of them: "car", "read", "desk work". Names,
    places and positions with "or" between them are alternatives. Words that are not understood are
    listed in `unknown_words`.
    """
    quoted = (" ".join(part.split()) for part in _QUOTED.findall(text))
    notes = tuple(part for part in quoted if part)
    text = _DECIMAL_COMMA.sub(".", _QUOTED.sub(" ", text).casefold())
    marked, meanings = mark_names(text, names)
    when, words = when_of(marked.replace(",", " ").split(), now)
    found, words = _alternatives(words, names, meanings)
    places, unknown, worn = [], [], found.worn
    for word in words:
        if word in PLACES:
            places.append(word)
        elif word in WORN:
            worn = (word,)
        elif word not in _SMALL_WORDS:
            unknown.append(word)
    unambiguous = {either[0].kind for either in found.named if len(either) == 1}
    named = found.named
    for kind, known in names.items():
        if kind not in unambiguous and (meant := _meant(unknown, known)) is not None:
            named.append((Name(kind, meant),))
            unknown = [word for word in unknown if not _begins(word, meant)]
    return LogQuery(
        named=tuple(named),
        places=tuple(places),
        either_place=found.places,
        notes=notes,
        worn=worn,
        when=when,
        zone=now.tzinfo or UTC,
        unknown_words=tuple(unknown),
    )


class _Found(NamedTuple):
    """What was understood with "or" between: names, places of a sound, positions of the device."""

    named: list[tuple[Name, ...]]
    places: tuple[str, ...]
    worn: tuple[str, ...]


def _alternatives(
    words: Sequence[str],
    names: Mapping[str, Iterable[str]],
    meanings: Mapping[str, tuple[Name, ...]],
) -> tuple[_Found, list[str]]:
    """Return the names and alternatives in words, and the words that are neither."""
    places: tuple[str, ...] = ()
    worn: tuple[str, ...] = ()
    named: list[tuple[Name, ...]] = []
    rest: list[str] = []
    runs = _runs(words, meanings)
    while runs:
        run = runs.pop(0)
        either = [run]
        while len(runs) > 1 and runs[0] == ["or"]:
            either.append(runs[1])
            del runs[:2]
        several = len(either) > 1
        plain = [each[0] for each in either if len(each) == 1]
        meant = [_meaning(each, names, meanings) for each in either]
        if several and len(plain) == len(either) and set(plain) <= set(PLACES):
            places = tuple(plain)
        elif several and len(plain) == len(either) and set(plain) <= set(WORN):
            worn = tuple(plain)
        elif all(meant) and (several or run[0] in meanings):
            named.append(tuple(dict.fromkeys(name for each in meant for name in each)))
        else:
            known = [each for each in either if each[0] in meanings]
            named += [meanings[each[0]] for each in known]
            rest += [word for each in either if each not in known for word in each]
    return _Found(named, places, worn), rest


def _runs(words: Sequence[str], meanings: Mapping[str, tuple[Name, ...]]) -> list[list[str]]:
    """Return words in runs: names, places, positions and "or" by themselves, others together."""
    single = {*meanings, *PLACES, *WORN, "or"}
    runs: list[list[str]] = []
    for word in words:
        if word in _SMALL_WORDS and word != "or":
            continue
        if runs and single.isdisjoint((word, runs[-1][-1])):
            runs[-1].append(word)
        else:
            runs.append([word])
    return runs


def _meaning(
    run: Sequence[str],
    names: Mapping[str, Iterable[str]],
    meanings: Mapping[str, tuple[Name, ...]],
) -> tuple[Name, ...]:
    """Return the names that a run of words means, none if it means none."""
    if run[0] in meanings:
        return meanings[run[0]]
    for kind, known in names.items():
        if (meant := _meant(run, known)) is not None and all(_begins(w, meant) for w in run):
            return (Name(kind, meant),)
    return ()


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
