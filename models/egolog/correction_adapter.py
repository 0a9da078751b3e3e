"""Adapting scenario estimates to a wearer's corrections, without changing the network.

Corrections are mostly specific to their wearer, and a shared network that learns them gets worse
for others (EgoLog §4.4.2). So each wearer has a memory of corrected windows: the network's estimate
and the wearer's labels. Where the network's estimate is similar to a remembered one, it moves
towards the wearer's labels; elsewhere, and without corrections, it is unchanged.

It is Gaussian process classification with the network's log-odds as the mean, one process per
scenario (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, algorithm 3.1). The
problem is convex, so the result does not depend on the order of corrections.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

Array = NDArray[np.float64]

WEARER_SURENESS = 0.98
"""Probability that a wearer's label is right: a wearer may mistake the minute or the button."""

REACH = 4.0
"""Length scale of the kernel over windows' log-odds (16,)."""

VARIANCE = 1.0
"""Prior variance of the network's error, squared log-odds."""

# Probabilities are clipped to this: more extreme ones say nothing about similarity.
_CLIP = 0.01
_STEPS = 30
_CONVERGED = 1e-6


class CorrectionAdapter:
    """One wearer's memory: the network's `estimates` (N, 16) and the wearer's `labels` (N, 16).

    It applies only to the network of revision `network`; `name` is the suffix of the revision of
    estimates made with it. Raises `ValueError` for other shapes.
    """

    def __init__(
        self,
        network: str,
        estimates: NDArray[np.floating],
        labels: NDArray[np.bool_],
        name: str,
        *,
        reach: float = REACH,
        variance: float = VARIANCE,
    ) -> None:
        if estimates.ndim != 2 or estimates.shape != labels.shape:
            raise ValueError(
                f"estimates have shape {estimates.shape} and labels {labels.shape}; "
                "expected (N, scenarios) of both"
            )
        self._keys = _log_odds(np.asarray(estimates, np.float64))
        self._labels = labels
        self.network = network
        self.name = name
        self._reach, self._variance = reach, variance

    def shift(self, log_odds: NDArray[np.floating]) -> Array:
        """Return the shift (16,) of a window's log-odds (16,), which are the network's alone."""
        window = _log_odds(expit(np.asarray(log_odds, np.float64)))
        shift: Array = self._alike(window[None])[0] @ self._pull
        return shift

    @cached_property
    def _pull(self) -> Array:
        """The weight of each window for each scenario (N, 16), computed once when needed."""
        alike = self._alike(self._keys)  # (N, N)
        labels = np.where(self._labels, WEARER_SURENESS, 1 - WEARER_SURENESS)  # (N, 16)
        pulls = [
            _mode(alike, prior, label) for prior, label in zip(self._keys.T, labels.T, strict=True)
        ]
        return np.stack(pulls, axis=1)

    def _alike(self, windows: Array) -> Array:
        """Return the covariance (M, N) of windows (M, 16) with those in the memory."""
        far = np.square(windows[:, None] - self._keys[None]).sum(axis=2)
        alike: Array = self._variance * np.exp(-far / (2 * self._reach**2))
        return alike


def _mode(alike: Array, prior: Array, labels: Array) -> Array:
    """Return weights (N,) such that `alike` @ weights is a process's mode, by Newton's method.

    `prior` (N,) are the network's log-odds, `labels` (N,) the wearer's labels as probabilities.
    """
    pull = np.zeros(len(prior))
    for _ in range(_STEPS):
        shift = alike @ pull
        probability = expit(prior + shift)
        gradient = labels - probability
        if np.abs(gradient - pull).max() < _CONVERGED:
            break
        curvature = probability * (1 - probability)
        root = np.sqrt(curvature)
        target = curvature * shift + gradient
        inner = np.eye(len(prior)) + root[:, None] * alike * root
        step = target - root * np.linalg.solve(inner, root * (alike @ target)) - pull
        # With many similar windows a full step overshoots.
        share, least = 1.0, _posterior(alike, prior, labels, pull)
        while share > _CONVERGED and _posterior(alike, prior, labels, pull + share * step) < least:
            share /= 2
        pull = pull + share * step
    return pull


def _posterior(alike: Array, prior: Array, labels: Array, pull: Array) -> float:
    """Return the log posterior of `pull`, up to a constant."""
    shift = alike @ pull
    odds = prior + shift
    return float(labels @ odds - np.logaddexp(0, odds).sum() - pull @ shift / 2)


def _log_odds(probability: Array) -> Array:
    odds: Array = logit(np.clip(probability, _CLIP, 1 - _CLIP))
    return odds
