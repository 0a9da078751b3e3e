"""The labels that the log shows of an estimate: those from one half on, or else the likeliest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.ranking import ranked

if TYPE_CHECKING:
    from schemas.message import Probabilities

DECISION_THRESHOLD = 0.5


def decided(probabilities: Probabilities) -> list[str]:
    """Return the labels that stand for an estimate, the likeliest first; none without one."""
    first = [name for name, p in ranked(probabilities) if p >= DECISION_THRESHOLD]
    return first or [name for name, _ in ranked(probabilities, 1)]
