"""A recording's ground truth by window, as the networks are trained and evaluated by it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from models.recordings.activity_windows import activities_of_window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.recordings.protocol import TruthKind, TruthSpan


class WindowTruth:
    """The truth of a recording."""

    def __init__(self, spans: Sequence[TruthSpan]) -> None:
        self._spans = spans

    def labels(self, kind: TruthKind, start_ns: int, end_ns: int) -> list[str]:
        """Return the labels of most of [start_ns, end_ns); scenarios may be simultaneous.

        Of activities a posture change is the label of a window of which it is not the most.
        """
        overlaps: Counter[str] = Counter()
        for span in self._spans:
            if span.kind == kind:
                overlap = min(span.end_ns, end_ns) - max(span.start_ns, start_ns)
                if overlap > 0:
                    overlaps[span.label] += overlap
        if kind == "activity":
            length = end_ns - start_ns
            return sorted(activities_of_window({n: part / length for n, part in overlaps.items()}))
        return sorted(name for name in overlaps if overlaps[name] == max(overlaps.values()))
