"""Accuracy and macro-F1 as LanHAR §4.1.4 and §4.5 measure them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.lanhar.activity_names import category

if TYPE_CHECKING:
    from collections.abc import Sequence

Names = NDArray[np.str_]
LEVEL = ("walking", "sitting", "standing")
"""What a wearer does most of the day, which no label that a position cannot show may claim."""
SURE = 0.5
"""An estimate from here on is taken for true by whoever reads the log."""


def accuracy(true: Names, predicted: Names) -> float:
    """Return the share of readings whose label was found; 0 without readings."""
    return float(np.mean(true == predicted)) if len(true) else 0.0


def macro_f1(true: Names, predicted: Names) -> float:
    """Return the mean F1 over the labels that occur in `true`; 0 without readings.

    A label that is found but never true costs the true labels their recall, not a zero of its own.
    """
    of_labels = []
    for name in np.unique(true):
        hits = float(np.sum((true == name) & (predicted == name)))
        of_labels.append(2 * hits / float(np.sum(true == name) + np.sum(predicted == name)))
    return float(np.mean(of_labels)) if of_labels else 0.0


def category_macro_f1(true: Names, predicted: Names) -> float:
    """Return macro-F1 over the categories of §4.5, which readings outside of them do not enter."""
    return macro_f1(*_categories(true, predicted))


def scores(true: Names, predicted: Names) -> dict[str, float]:
    """Return accuracy and macro-F1 by name, rounded as they are kept."""
    return {
        "accuracy": round(accuracy(true, predicted), 4),
        "macro_f1": round(macro_f1(true, predicted), 4),
    }


def scores_with_categories(true: Names, predicted: Names) -> dict[str, float]:
    """Return `scores` and the macro-F1 over categories."""
    categories = round(category_macro_f1(true, predicted), 4)
    return {**scores(true, predicted), "category_macro_f1": categories}


def _categories(
    true: Sequence[str] | Names, predicted: Sequence[str] | Names
) -> tuple[Names, Names]:
    pairs = [
        (category(str(t)), category(str(f)) or str(f)) for t, f in zip(true, predicted, strict=True)
    ]
    kept = [(t, f) for t, f in pairs if t is not None]
    columns = (np.array([pair[place] for pair in kept], dtype=np.str_) for place in (0, 1))
    first, second = columns
    return first, second
