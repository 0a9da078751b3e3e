"""The labels of an estimate in the log: those with probability 0.5 or more, or the likeliest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.ranking import rank_labels

if TYPE_CHECKING:
    from schemas.message import Probabilities

DECISION_THRESHOLD = 0.5


def detected_labels(probabilities: Probabilities) -> list[str]:
    """Return the labels of an estimate, the likeliest first; none without an estimate."""
    first = [name for name, p in rank_labels(probabilities) if p >= DECISION_THRESHOLD]
    return first or [name for name, _ in rank_labels(probabilities, 1)]
