"""What the log says of an estimate: every scenario from one half on, and the likeliest at least."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.message import Probabilities

DECISION_THRESHOLD = 0.5


def likeliest(probabilities: Probabilities) -> str:
    """Return the likeliest label, the last by name among equals."""
    return max(probabilities, key=lambda name: (probabilities[name], name))


def decided(probabilities: Probabilities) -> set[str]:
    """Return the labels that stand for an estimate of at least one label."""
    names = {name for name, p in probabilities.items() if p >= DECISION_THRESHOLD}
    return names | {likeliest(probabilities)}
