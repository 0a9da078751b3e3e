"""Names that a search asks for."""

from __future__ import annotations

from infra.daily_log.search.query import Name


def each_of(**names: str) -> tuple[tuple[Name, ...], ...]:
    """Return names by kind, all of which have to match."""
    return tuple((Name(kind, name),) for kind, name in names.items())
