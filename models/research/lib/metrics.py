"""Metrics of multi-label and single-label predictions, each with its chance level."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

Array = NDArray[np.float32]

_BINS = 10


def micro_f1(probability: Array, truth: Array, threshold: float = 0.5) -> float:
    """2·TP / (2·TP + FP + FN) over all labels (EgoLog §5.1.4): (N, L) and (N, L) multi-hot."""
    predicted, true = probability >= threshold, truth >= 0.5
    hits = np.sum(predicted & true)
    wrong = np.sum(predicted != true)
    return float(2 * hits / max(1, 2 * hits + wrong))


def macro_f1_of_labels(probability: Array, truth: Array, threshold: float = 0.5) -> float:
    """Mean over labels that occur in `truth` of each one's F1: (N, L) and (N, L) multi-hot."""
    predicted, true = probability >= threshold, truth >= 0.5
    hits = np.sum(predicted & true, axis=0)
    either = np.sum(predicted, axis=0) + np.sum(true, axis=0)
    occur = true.any(axis=0)
    return float(np.mean(2 * hits[occur] / either[occur])) if occur.any() else 0.0


def chance_f1(truth: Array) -> float:
    """Return the best micro-F1 without looking: always naming the k most frequent labels."""
    order = np.argsort(-truth.mean(0))
    scores = []
    for k in range(1, truth.shape[1] + 1):
        constant = np.zeros_like(truth)
        constant[:, order[:k]] = 1
        scores.append(micro_f1(constant, truth))
    return max(scores)


def macro_f1(predicted: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """Mean F1 over the classes that occur in `truth`: (N,) and (N,) indices."""
    scores = []
    for label in np.unique(truth):
        hits = np.sum((predicted == label) & (truth == label))
        either = np.sum(predicted == label) + np.sum(truth == label)
        scores.append(2 * hits / either)
    return float(np.mean(scores))


def accuracy(predicted: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """Share of equal entries: (N,) and (N,)."""
    return float(np.mean(predicted == truth))


def calibration_error(
    probability: NDArray[np.floating],
    truth: NDArray[Any],
    weight: NDArray[np.floating] | None = None,
) -> float:
    """Return the expected calibration error of a binary probability (N,), in ten even bins.

    `weight` (N,) is how much each counts; without it all count alike.
    """
    counts = np.ones(len(probability)) if weight is None else weight
    bins = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(bins, counts / counts.sum() * (probability - truth))
    return float(np.abs(gaps).sum())


def separation(score: Array, right: NDArray[np.bool_]) -> float:
    """Area under the ROC curve: how often a right window (N,) has the higher score of two."""
    pairs = int(right.sum()) * int((~right).sum())
    return float(mannwhitneyu(score[right], score[~right]).statistic / pairs) if pairs else 0.5


def confusion(
    predicted: NDArray[np.int64], truth: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """Count (classes, classes): row the true class, column the predicted one."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (truth, predicted), 1)
    return counts
