"""Relative Kullback-Leibler divergence between two data sets (LanHAR §2.2, Table 1).

The divergence of one activity's distribution between the data sets, over that between different
activities. Distributions are taken as Gaussians in a few principal directions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.research.lanhar.evaluation.shared_classes import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Sequence

DIRECTIONS = 8
_MIN_WINDOWS = 5
# Of the mean variance: a direction in which an activity does not vary has no density.
_FLOOR = 0.05

Floats = NDArray[np.float64]


def relative_divergence(
    first: Floats,
    first_labels: NDArray[np.str_],
    second: Floats,
    second_labels: NDArray[np.str_],
    labels: Sequence[str],
) -> dict[str, float]:
    """Return for each label KL between the data sets over KL between labels, symmetric.

    `first` (N, D), `second` (M, D) are readings in one space. Labels with fewer than five readings
    in either are left out; raises `EvaluationError` where fewer than two labels remain.
    """
    both = np.concatenate([first, second])
    centred = both - both.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    placed = centred @ axes[:DIRECTIONS].T
    placed = placed / (placed.std() + 1e-9)
    one, two = placed[: len(first)], placed[len(first) :]
    counted = [
        label
        for label in labels
        if min((first_labels == label).sum(), (second_labels == label).sum()) >= _MIN_WINDOWS
    ]
    if len(counted) < 2:
        raise EvaluationError(
            f"{len(counted)} labels have {_MIN_WINDOWS} readings in both; expected 2 or more"
        )
    floor = _FLOOR * float(placed.var(axis=0).mean())
    gaussians = [
        [_gaussian(values[own == label], floor) for label in counted]
        for values, own in ((one, first_labels), (two, second_labels))
    ]
    between = np.mean(
        [
            _symmetric(side[i], side[j])
            for side in gaussians
            for i in range(len(counted))
            for j in range(i)
        ]
    )
    return {
        label: float(_symmetric(gaussians[0][i], gaussians[1][i]) / between)
        for i, label in enumerate(counted)
    }


def _gaussian(values: Floats, floor: float) -> tuple[Floats, Floats]:
    covariance: Floats = np.cov(values.T) + floor * np.eye(values.shape[1])
    return values.mean(axis=0), covariance


def _symmetric(a: tuple[Floats, Floats], b: tuple[Floats, Floats]) -> float:
    return 0.5 * (_divergence(a, b) + _divergence(b, a))


def _divergence(a: tuple[Floats, Floats], b: tuple[Floats, Floats]) -> float:
    inverse = np.linalg.inv(b[1])
    apart = b[0] - a[0]
    _, log_a = np.linalg.slogdet(a[1])
    _, log_b = np.linalg.slogdet(b[1])
    doubled = np.trace(inverse @ a[1]) + apart @ inverse @ apart - len(apart) + log_b - log_a
    # That of equal distributions is 0, but for a rounding error of either sign: which one depends
    # on the processor.
    return max(0.0, float(0.5 * doubled))
