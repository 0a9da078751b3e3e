"""Fitting the constants of labels in pockets."""

from __future__ import annotations

import numpy as np
import pytest

from models.lanhar.label_memory import LabelMemory
from models.recordings.datasets.labelled_windows import LabelledWindows, names_of
from models.research.lanhar.training.logit_adjustment import PocketWindows, fitted, remembered_f1

NAMES = ("sitting", "eating", "walking")


def still(count: int = 40) -> PocketWindows:
    """Return windows of sitting and eating, whose readings are alike and nearer to sitting."""
    labels = ("sitting",) * count + ("eating",) * count
    rng = np.random.default_rng(0)
    logits = rng.normal([2.0, 0.0, -3.0], 0.3, (2 * count, 3))
    logits[count:, 1] += 1.5
    windows = LabelledWindows(
        np.zeros((2 * count, 1, 6), np.float32),
        labels,
        tuple(map(names_of, labels)),
        wearers=("a",) * count + ("b",) * count,
        starts_s=tuple(5.0 * number for number in range(count)) * 2,
        position="pocket",
    )
    right = np.array([[name == label for name in NAMES] for label in labels])
    return PocketWindows(windows, logits, right)


def test_a_label_that_loses_too_often_gains_and_one_without_windows_does_not() -> None:
    part = still()
    sitting, eating, walking = fitted(part.logits, part.right)
    assert eating > sitting
    assert walking == 0


def test_labels_count_alike_however_many_windows_they_have() -> None:
    part = still()
    often = np.r_[np.arange(40), np.tile(np.arange(40, 80), 4)]
    assert fitted(part.logits[often], part.right[often]) == pytest.approx(
        fitted(part.logits, part.right), abs=1e-3
    )


def test_the_constants_change_what_is_remembered() -> None:
    part, memory = still(), LabelMemory(NAMES)
    without = remembered_f1(memory, [part], [np.zeros(3)])
    assert remembered_f1(memory, [part], [fitted(part.logits, part.right)]) > without
