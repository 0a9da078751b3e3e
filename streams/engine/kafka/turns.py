"""Hands on what a fetch returned a few messages of each partition at a time.

A fetch returns up to a megabyte of each partition, and the next one follows once all of it is
delivered. Where a device sends a backlog of motion, that is ten minutes of its frames beside
sixteen seconds of other devices' sound: these would fall behind until the backlog is read. A few of
each partition at a time, what other devices send is delivered as it arrives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streams.engine.kafka.fetching import OffsetRange

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from faust.types import TP

AT_ONCE = 16
"""Messages of a partition that are handed on before other partitions have their turn."""


class Turns:
    """Messages of `topics` that were fetched and not handed on yet, by partition."""

    def __init__(self, topics: Collection[str] = ()) -> None:
        self._topics = topics
        self._left: dict[TP, Sequence[Any]] = {}
        # Of what is left: the offsets that its fetch covered.
        self._covered: dict[TP, OffsetRange] = {}

    @property
    def partitions(self) -> set[TP]:
        """The partitions of which messages are left: they are not fetched meanwhile."""
        return set(self._left)

    def forget(self, tp: TP) -> None:
        """Drop what is left of a partition, which is read from another offset."""
        self._left.pop(tp, None)
        self._covered.pop(tp, None)

    def clear(self) -> None:
        """Drop what is left of all partitions."""
        self._left.clear()
        self._covered.clear()

    def hand_on(
        self,
        records: Mapping[TP, Sequence[Any]],
        covered: Mapping[TP, OffsetRange],
        active: Collection[TP],
    ) -> tuple[dict[TP, Sequence[Any]], dict[TP, OffsetRange]]:
        """Return the messages of this turn and the offsets that they cover, holes included.

        `records` and `covered` are those of a fetch; of `active` partitions what was left before is
        handed on.
        """
        now, spans = dict(records), dict(covered)
        for tp, batch in records.items():
            if tp.topic in self._topics and len(batch) > AT_ONCE:
                self._left[tp] = now.pop(tp)
                if tp in spans:
                    self._covered[tp] = spans.pop(tp)
        for tp in [tp for tp in self._left if tp in active]:
            batch = self._left[tp]
            now[tp], rest = batch[:AT_ONCE], batch[AT_ONCE:]
            span = self._covered.get(tp)
            if span is not None:
                end = rest[0].offset if rest else span.end
                spans[tp], self._covered[tp] = (
                    OffsetRange(span.begin, end),
                    OffsetRange(end, span.end),
                )
            if rest:
                self._left[tp] = rest
            else:
                self.forget(tp)
        return now, spans
