"""Applying the wearer's corrections to a log: the newest one on a span wins.

Corrections are ordered by their times, so the result does not depend on the order in which they
arrive. A record is corrected if its middle lies in the span, so that a record cut by the span's
edge belongs to the side that holds most of it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from infra.daily_log.records import Log, LogActivity, LogScenario, WearersWord
from schemas.message import END_OF_TIME_NS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from schemas import Correction, NamedSpan
    from schemas.correction import Row

# Shorter holes between records are invisible on the page and are not gaps in a recording.
MIN_ADDED_NS = 30_000_000_000

_Record = TypeVar("_Record", LogScenario, LogActivity)


class AddedSpan(NamedTuple):
    """A span without records that the wearer labelled."""

    row: Row
    start_ns: int
    end_ns: int
    word: WearersWord

    @property
    def leading(self) -> str:
        """The first label."""
        return self.word.labels[0]


def in_order(corrections: Iterable[Correction]) -> list[Correction]:
    """Return each correction once, the oldest first."""
    by_id = {each.correction_id: each for each in corrections}
    return sorted(by_id.values(), key=lambda each: (each.created_ns, each.correction_id))


def in_force(corrections: Iterable[Correction]) -> list[Correction]:
    """Return the corrections that were not undone, the oldest first, without the undos."""
    ordered = in_order(corrections)
    void: set[str] = set()
    for each in reversed(ordered):
        if each.undoes is not None and each.correction_id not in void:
            void.add(each.undoes)
    return [each for each in ordered if each.undoes is None and each.correction_id not in void]


def apply_corrections(
    scenarios: Sequence[LogScenario],
    activities: Sequence[LogActivity],
    corrections: Iterable[Correction],
) -> Log:
    """Return the corrected log; its `corrections` are all that were given."""
    ordered = in_order(corrections)
    words = Words(ordered)
    return Log.of(
        [_correct(record, words.of("scenario", record)) for record in scenarios],
        [_correct(record, words.of("activity", record)) for record in activities],
        ordered,
    )


class Words:
    """The wearer's corrections as intervals: between two edges of a row one applies, or none."""

    def __init__(self, corrections: Iterable[Correction]) -> None:
        self._edges: dict[Row, list[int]] = {}
        self._words: dict[Row, list[WearersWord | None]] = {}
        naming = [each for each in in_force(corrections) if each.names]
        for row in {each.row for each in naming}:
            spans = [
                (span, _word(each, span))
                for each in naming
                if each.row == row
                for span in each.named
            ]
            edges = sorted({edge for span, _ in spans for edge in (span.start_ns, span.end_ns)})
            words: list[WearersWord | None] = [None] * len(edges)
            for span, word in spans:
                first, past = bisect_left(edges, span.start_ns), bisect_left(edges, span.end_ns)
                words[first:past] = [word] * (past - first)
            self._edges[row], self._words[row] = edges, words

    def at(self, row: Row, time_ns: int) -> WearersWord | None:
        """Return the newest correction at a time, or None."""
        index = bisect_right(self.edges(row), time_ns) - 1
        return None if index < 0 else self._words[row][index]

    def of(self, row: Row, record: LogScenario | LogActivity | NamedSpan) -> WearersWord | None:
        """Return the newest correction at a record's middle, or None."""
        return self.at(row, (record.start_ns + record.end_ns) // 2)

    def edges(self, row: Row) -> list[int]:
        """Return the times at which the correction may change, in order."""
        return self._edges.get(row, [])


def added_spans(log: Log, from_ns: int = 0, to_ns: int = END_OF_TIME_NS) -> list[AddedSpan]:
    """Return the labelled spans without records in [from_ns, to_ns), in order of row and start.

    These are the bounds of the log's records: whether there are others beyond is unknown, and a
    correction may span more.
    """
    words = Words(log.corrections)
    bounds = (from_ns, to_ns)
    return [
        *_spans_without_records("scenario", log.scenarios, words, bounds),
        *_spans_without_records("activity", log.activities, words, bounds),
    ]


def _spans_without_records(
    row: Row,
    records: Sequence[LogScenario] | Sequence[LogActivity],
    words: Words,
    bounds: tuple[int, int],
) -> Iterator[AddedSpan]:
    edges = sorted({min(max(edge, bounds[0]), bounds[1]) for edge in words.edges(row)})
    if not edges:
        return
    covered = _merge(
        (record.start_ns, record.end_ns)
        for record in records
        if record.end_ns > edges[0] and record.start_ns < edges[-1]
    )
    starts = [start for start, _ in covered]
    pending: AddedSpan | None = None
    for start, end in pairwise(sorted({*edges, *(edge for span in covered for edge in span)})):
        word = words.at(row, start)
        before = bisect_right(starts, start) - 1
        recorded = before >= 0 and start < covered[before][1]
        if word is None or not word.labels or recorded:
            continue
        if pending is not None and pending.end_ns == start and pending.word == word:
            pending = pending._replace(end_ns=end)
            continue
        if pending is not None and pending.end_ns - pending.start_ns >= MIN_ADDED_NS:
            yield pending
        pending = AddedSpan(row, start, end, word)
    if pending is not None and pending.end_ns - pending.start_ns >= MIN_ADDED_NS:
        yield pending


def _merge(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _word(correction: Correction, span: NamedSpan) -> WearersWord:
    return WearersWord(
        correction_id=correction.correction_id,
        author=correction.author,
        labels=span.labels,
        confirmed=correction.action == "confirm",
    )


def _correct(record: _Record, word: WearersWord | None) -> _Record:
    return record if word is None else record.model_copy(update={"corrected": word})
