"""Runs of one label in a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.daily_log.corrections import added_spans
from schemas import NamedSpan

if TYPE_CHECKING:
    from infra.daily_log.records import Log
    from schemas.correction import Row

# Runs of the same label with a longer gap between them count as two, as on the page.
GAP_NS = 90_000_000_000
MAX_RUNS = 1024


def runs(
    log: Log, row: Row, start_ns: int, end_ns: int, *, gap_ns: int = GAP_NS
) -> list[NamedSpan]:
    """Return the runs of equal labels in [start_ns, end_ns), clipped to it.

    Runs of the same labels at most `gap_ns` apart are merged.
    """
    spans: list[tuple[int, int, list[str]]] = [
        (each.start_ns, each.end_ns, each.word.labels)
        for each in added_spans(log)
        if each.row == row
    ]
    if row == "scenario":
        spans += [(r.start_ns, r.end_ns, r.labels) for r in log.scenarios]
    else:
        spans += [(r.start_ns, r.end_ns, [r.leading] if r.leading else []) for r in log.activities]
    merged: list[tuple[int, int, list[str]]] = []
    for begin, stop, labels in sorted(spans):
        first, past = max(begin, start_ns), min(stop, end_ns)
        if first >= past or not labels:
            continue
        if merged and merged[-1][2] == labels and first - merged[-1][1] <= gap_ns:
            merged[-1] = (merged[-1][0], max(past, merged[-1][1]), labels)
        else:
            merged.append((first, past, labels))
    return [
        NamedSpan(start_ns=first, end_ns=past, labels=labels[:8])
        for first, past, labels in merged[:MAX_RUNS]
    ]


def filled_in(spans: list[NamedSpan], start_ns: int, end_ns: int) -> list[NamedSpan]:
    """Return the spans, with unlabelled spans filling [start_ns, end_ns) around them."""
    filled: list[NamedSpan] = []
    at = start_ns
    for span in spans:
        begin = max(span.start_ns, at)
        if begin >= span.end_ns:
            continue
        if begin > at:
            filled.append(NamedSpan(start_ns=at, end_ns=begin))
        filled.append(span.model_copy(update={"start_ns": begin}))
        at = span.end_ns
    if at < end_ns:
        filled.append(NamedSpan(start_ns=at, end_ns=end_ns))
    return filled if len(filled) <= MAX_RUNS else [NamedSpan(start_ns=start_ns, end_ns=end_ns)]
