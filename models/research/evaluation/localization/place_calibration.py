"""Fitting the calibration of sound events' places to days whose truth is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from operators.sound_places import (
    Calibration,
)
from schemas import DIRECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from models.research.evaluation.localization.placed_events import PlacedEvent


def fit_calibration(judged: Sequence[PlacedEvent]) -> Calibration:
    """Return the calibration of maximum likelihood for the events' true places.

    The calibration by regions uses all events, as most workers do not separate near and far.
    """
    near = [one for one in judged if one.near is not None]
    whole = np.array([[1.0, one.evidence.near] for one in near])
    parted = [one for one in near if one.evidence.apart is not None]
    parts = np.array([[1.0, one.evidence.near, one.evidence.apart] for one in parted], np.float64)
    by_regions = _pair(_logistic(whole, [bool(one.near) for one in near]))
    by_parts = (*by_regions, 0.0)
    if parted:
        by_parts = _triple(_logistic(parts, [bool(one.near) for one in parted]))
    sides = np.array([[one.evidence.directions[d] for d in DIRECTIONS] for one in judged])
    true = np.arange(len(judged)), np.array([one.direction for one in judged])

    def surprise(slope: NDArray[np.float64]) -> float:
        scores = slope * sides
        return float(np.mean(np.logaddexp.reduce(scores, axis=1) - scores[true]))

    direction = round(float(_least(surprise, np.ones(1))[0]), 2)
    return Calibration(by_regions, by_parts, direction)


def _logistic(x: NDArray[np.float64], truth: Sequence[bool]) -> NDArray[np.float64]:
    sign = np.where(truth, 1.0, -1.0)
    return _least(
        lambda weights: float(-np.log(expit(sign * (x @ weights))).mean()), np.zeros(x.shape[1])
    )


def _least(
    of: Callable[[NDArray[np.float64]], float], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    best: NDArray[np.float64] = minimize(of, start).x
    return best


def _pair(values: NDArray[np.float64]) -> tuple[float, float]:
    first, second = (round(float(value), 2) for value in values)
    return first, second


def _triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    first, second, third = (round(float(value), 2) for value in values)
    return first, second, third
