"""The names that a wearer gave in corrections, which a search understands beside the log's own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.daily_log.search.words import words_of
from infra.daily_log.time_expressions.errors import TimeExpressionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from schemas import Correction

_ANY_TIME = datetime(2026, 3, 2, tzinfo=UTC)


def with_own_names(
    names: Mapping[str, Iterable[str]], corrections: Iterable[Correction]
) -> dict[str, tuple[str, ...]]:
    """Return the `names` of each kind, and those of scenarios and activities in corrections.

    A name that is a time or a place and no more, as "Tuesday" or "near", is left out: in a search
    it keeps its meaning.
    """
    given = {kind: tuple(known) for kind, known in names.items()}
    known = {kind: {name.casefold() for name in own} for kind, own in given.items()}
    for correction in corrections:
        for label in (label for span in correction.named for label in span.labels):
            kind, key = correction.row, label.casefold()
            if key not in known[kind] and _is_a_name(label):
                known[kind].add(key)
                given[kind] = (*given[kind], label)
    return given


def _is_a_name(label: str) -> bool:
    try:
        meant = words_of(label, {}, _ANY_TIME)
    except TimeExpressionError:
        return False
    return bool(meant.unknown_words)
