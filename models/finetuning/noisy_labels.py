"""How far pseudo-labels can be trusted, told from how they agree with the network (Dawid–Skene).

Who labels is taken for a noisy channel: a scenario that goes on is named with one probability and
one that does not with another, each estimated from all the labels at hand with the network's own
probabilities as the prior. A label by chance, or one that is said of everything, says nothing by
this reckoning, whoever says it and however surely.

A. P. Dawid, A. M. Skene: Maximum likelihood estimation of observer error-rates using the EM
algorithm, 1979.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.egolog.correction_adapter import WEARER_SURENESS

Array = NDArray[np.float32]

# What is assumed before anything was seen, as (named, not named) counts: of a scenario that goes
# on, and of one that does not.
_NAMED_IF_TRUE = (2.0, 1.0)
_NAMED_IF_FALSE = (0.4, 15.0)
# A scenario is taken to be named as all of them are, with the weight of so many windows.
_AS_ALL = (4.5, 15.0)
_STEPS = 20
# The network is surer than it is right where it has not been before.
PRIOR_CLIP = 0.02


@dataclass(frozen=True)
class Trust:
    """Probabilities (16,) that each scenario is named, where it goes on and where it does not."""

    if_true: Array
    if_false: Array

    @classmethod
    def of(cls, prior: Array, labels: Array) -> Trust:
        """Estimate from the network's probabilities (N, 16) and labels (N, 16) of 0 or 1."""
        prior = _clipped(prior)
        count = labels.shape[1]
        trust = cls(
            np.full(count, _share(_NAMED_IF_TRUE), np.float32),
            np.full(count, _share(_NAMED_IF_FALSE), np.float32),
        )
        for _ in range(_STEPS):
            belief = trust.belief(prior, labels)
            trust = cls(
                _rate(belief, labels, _NAMED_IF_TRUE, _AS_ALL[0]),
                _rate(1 - belief, labels, _NAMED_IF_FALSE, _AS_ALL[1]),
            )
        return trust

    def belief(self, prior: Array, labels: Array) -> Array:
        """Return how likely each scenario is (N, 16), by the network and by the labels."""
        prior = _clipped(prior)
        named = np.log(self.if_true) - np.log(self.if_false)
        unnamed = np.log1p(-self.if_true) - np.log1p(-self.if_false)
        odds = np.log(prior) - np.log1p(-prior) + labels * named + (1 - labels) * unnamed
        posterior: Array = (1 / (1 + np.exp(-odds))).astype(np.float32)
        return posterior


def word_of_wearers(labels: Array) -> Array:
    """Return how likely each scenario is (N, 16) where the wearer named it: no channel, no noise.

    It does not enter `Trust.of` either, which would take others to be as right as wearers are.
    """
    return np.where(labels >= 0.5, WEARER_SURENESS, 1 - WEARER_SURENESS).astype(np.float32)


def _clipped(prior: Array) -> Array:
    return np.clip(prior, PRIOR_CLIP, 1 - PRIOR_CLIP)


def _share(counts: tuple[float, float]) -> float:
    return counts[0] / sum(counts)


def _rate(weight: Array, labels: Array, before: tuple[float, float], as_all: float) -> Array:
    every = (before[0] + (weight * labels).sum()) / (sum(before) + weight.sum())
    named = as_all * every + (weight * labels).sum(axis=0)
    rates: Array = (named / (as_all + weight.sum(axis=0))).astype(np.float32)
    return rates
