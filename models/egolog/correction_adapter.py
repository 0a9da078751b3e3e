"""A wearer's corrections as a part of the wearer's own estimates: a memory beside the network.

What a wearer corrects says more of that wearer's life than of everybody's, and a network that
learns it forgets others (EgoLog §4.4.2). So beside the network each wearer has a memory of windows
that were corrected: what the network said of them and what the wearer said. Where the network says
the like again, the estimate moves towards the wearer's word; where it says something else, nothing
moves, and without corrections nothing is different.

It is Gaussian process classification around the network's log-odds, one process a scenario
(Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, algorithm 3.1): the mode of
a convex problem, so that the order of corrections changes nothing.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

Array = NDArray[np.float64]

WEARER_SURENESS = 0.98
"""A wearer says what went on, and may mistake the minute or the button."""

REACH = 4.0
"""How far apart two windows' log-odds (16,) may be to be alike: the length scale, log-odds."""

VARIANCE = 1.0
"""How far log-odds may be wrong before anything was corrected."""

# Beyond it a network's sureness says nothing of how alike two windows are.
_CLIP = 0.01
_STEPS = 30
_CONVERGED = 1e-6


class CorrectionAdapter:
    """One wearer's memory: `estimates` (N, 16) by the network alone, the wearer's `labels` (N, 16).

    `network` is the revision of that network, which it is used with alone, and `name` what the
    revision of an estimate made with it ends in. Raises `ValueError` for other shapes.
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
        """Return what is to be added to a window's log-odds (16,) by the network alone: (16,)."""
        window = _log_odds(expit(np.asarray(log_odds, np.float64)))
        shift: Array = self._alike(window[None])[0] @ self._pull
        return shift

    @cached_property
    def _pull(self) -> Array:
        """How much each window pulls at each scenario (N, 16): found once, when it is needed."""
        alike = self._alike(self._keys)  # (N, N)
        said = np.where(self._labels, WEARER_SURENESS, 1 - WEARER_SURENESS)
        pulls = [
            _mode(alike, keys, wanted) for keys, wanted in zip(self._keys.T, said.T, strict=True)
        ]
        return np.stack(pulls, axis=1)

    def _alike(self, windows: Array) -> Array:
        """Return the covariance (M, N) of windows (M, 16) and those of the memory."""
        far = np.square(windows[:, None] - self._keys[None]).sum(axis=2)
        alike: Array = self._variance * np.exp(-far / (2 * self._reach**2))
        return alike


def _mode(alike: Array, prior: Array, said: Array) -> Array:
    """Return weights (N,) such that `alike` @ weights is one process's mode, by Newton's method.

    `prior` (N,) are the network's log-odds, `said` (N,) the probabilities that the wearer gave.
    """
    pull = np.zeros(len(prior))
    for _ in range(_STEPS):
        shift = alike @ pull
        probability = expit(prior + shift)
        gradient = said - probability
        if np.abs(gradient - pull).max() < _CONVERGED:
            break
        curvature = probability * (1 - probability)
        root = np.sqrt(curvature)
        target = curvature * shift + gradient
        inner = np.eye(len(prior)) + root[:, None] * alike * root
        step = target - root * np.linalg.solve(inner, root * (alike @ target)) - pull
        # Where many windows say the same, a whole step goes too far.
        share, least = 1.0, _posterior(alike, prior, said, pull)
        while share > _CONVERGED and _posterior(alike, prior, said, pull + share * step) < least:
            share /= 2
        pull = pull + share * step
    return pull


def _posterior(alike: Array, prior: Array, said: Array, pull: Array) -> float:
    """Return the log probability of `pull`, but for a constant."""
    shift = alike @ pull
    odds = prior + shift
    return float(said @ odds - np.logaddexp(0, odds).sum() - pull @ shift / 2)


def _log_odds(probability: Array) -> Array:
    odds: Array = logit(np.clip(probability, _CLIP, 1 - _CLIP))
    return odds
