"""A recording's ground truth by window, as the networks are trained and evaluated by it."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

from models.recordings.activity_windows import (
    MIN_CHANGE_SHARE,
    POSTURE_CHANGES,
    activities_of_window,
)
from models.recordings.protocol import TRUTH_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.recordings.protocol import TruthKind, TruthSpan

# Less is the edge of a label, and the window mostly something that nobody labelled.
_MIN_LABELLED = 0.5

_Part = tuple[int, int]


class WindowTruth:
    """The truth of a recording."""

    def __init__(self, spans: Sequence[TruthSpan]) -> None:
        ordered = sorted(spans, key=lambda span: span.start_ns)
        self._kinds = {kind: _Spans([s for s in ordered if s.kind == kind]) for kind in TRUTH_KINDS}

    def labels(self, kind: TruthKind, start_ns: int, end_ns: int) -> list[str]:
        """Return the labels of most of [start_ns, end_ns); scenarios may be simultaneous.

        There are none where less than half of it is labelled. Spans of one label, in upper or lower
        case, count once where they overlap. Of activities a posture change is the label of a window
        of which it is not the most.
        """
        spans = self._kinds[kind]
        parts, length = spans.within(start_ns, end_ns), end_ns - start_ns
        shares = {name: _covered(its) / length for name, its in parts.items()}
        labelled = _covered([part for its in parts.values() for part in its]) / length
        names = [name for name, share in shares.items() if share == max(shares.values())]
        if kind == "activity":
            names = activities_of_window(shares)
            if labelled < _MIN_LABELLED:
                changes = set(POSTURE_CHANGES).intersection(names)
                names = [name for name in changes if shares[name] >= MIN_CHANGE_SHARE]
        elif labelled < _MIN_LABELLED:
            names = []
        return sorted(spans.spelled[name] for name in names)


class _Spans:
    """Spans of one kind by start; a window looks only at those near it.

    `spelled` are their labels by lower case, as the first of each is written.
    """

    def __init__(self, spans: list[TruthSpan]) -> None:
        self._spans = spans
        self._starts = [span.start_ns for span in spans]
        self._reaches = list(accumulate((span.end_ns for span in spans), max))
        self.spelled = {span.label.casefold(): span.label for span in reversed(spans)}

    def within(self, start_ns: int, end_ns: int) -> dict[str, list[_Part]]:
        """Return the parts of [start_ns, end_ns) that each label, in lower case, has."""
        first = bisect_left(self._reaches, start_ns + 1)
        parts: dict[str, list[_Part]] = {}
        for span in self._spans[first : bisect_left(self._starts, end_ns)]:
            part = (max(span.start_ns, start_ns), min(span.end_ns, end_ns))
            if part[0] < part[1]:
                parts.setdefault(span.label.casefold(), []).append(part)
        return parts


def _covered(parts: Iterable[_Part]) -> int:
    """Return how much parts cover together, ns."""
    covered, reach = 0, 0
    for start, end in sorted(parts):
        covered += max(0, end - max(start, reach))
        reach = max(reach, end)
    return covered
