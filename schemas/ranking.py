"""The order of labels by probability: likeliest first, ties by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def rank_labels(
    probabilities: Mapping[str, float], most: int | None = None
) -> list[tuple[str, float]]:
    """Return the `most` likeliest labels (by default all), ties by name."""
    return sorted(probabilities.items(), key=lambda pair: (-pair[1], pair[0]))[:most]


def likeliest(probabilities: Mapping[str, float]) -> str:
    """Return the likeliest label, the first by name on a tie.

    Raises `ValueError` without a label.
    """
    return min(probabilities, key=lambda label: (-probabilities[label], label))
