"""The reliability of pseudo-labels, estimated from their agreement with the network (Dawid–Skene).

Each labeller is a noisy channel: a present scenario is named with one probability, an absent one
with another. Both are estimated from all of its labels, with the network's probabilities as the
prior.
Random labels, and a label given to everything, then carry no information, however confident.
A. P. Dawid, A. M. Skene: Maximum likelihood estimation of observer error-rates using the EM
algorithm, 1979.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.egolog.correction_adapter import WEARER_SURENESS

Array = NDArray[np.float32]

# Prior pseudo-counts (named, not named) of a present scenario, and of an absent one.
_NAMED_IF_TRUE = (2.0, 1.0)
_NAMED_IF_FALSE = (0.4, 15.0)
# Weight of the average over scenarios as a prior of each, in windows: present, absent.
_AS_ALL = (4.5, 15.0)
_STEPS = 20
# The network's probabilities are clipped, because it is overconfident on unfamiliar data.
PRIOR_CLIP = 0.02


@dataclass(frozen=True)
class Trust:
    """Probabilities that each scenario is named if present, and if absent.

    They are (16,) of one labeller, or (N, 16) of the labeller of each window.
    """

    if_true: Array
    if_false: Array

    @classmethod
    def of(cls, prior: Array, labels: Array) -> Trust:
        """Estimate from the network's probabilities (N, 16) and labels (N, 16) of 0 or 1."""
        prior = _clip(prior)
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

    @classmethod
    def of_labellers(cls, prior: Array, labels: Array, labellers: NDArray[np.str_]) -> Trust:
        """Estimate of each window's labeller (N,) what `of` does of one."""
        if_true, if_false = np.empty_like(labels), np.empty_like(labels)
        for name in np.unique(labellers):
            own = labellers == name
            trust = cls.of(prior[own], labels[own])
            if_true[own], if_false[own] = trust.if_true, trust.if_false
        return cls(if_true, if_false)

    def belief(self, prior: Array, labels: Array) -> Array:
        """Return the posterior of each scenario (N, 16), given the network and the labels."""
        prior = _clip(prior)
        named = np.log(self.if_true) - np.log(self.if_false)
        unnamed = np.log1p(-self.if_true) - np.log1p(-self.if_false)
        odds = np.log(prior) - np.log1p(-prior) + labels * named + (1 - labels) * unnamed
        posterior: Array = (1 / (1 + np.exp(-odds))).astype(np.float32)
        return posterior


def word_of_wearers(labels: Array) -> Array:
    """Return the probability of each scenario (N, 16) for labels of wearers, taken as true.

    These labels must not enter `Trust.of`, which would then overestimate other labellers.
    """
    return np.where(labels >= 0.5, WEARER_SURENESS, 1 - WEARER_SURENESS).astype(np.float32)


def _clip(prior: Array) -> Array:
    return np.clip(prior, PRIOR_CLIP, 1 - PRIOR_CLIP)


def _share(counts: tuple[float, float]) -> float:
    return counts[0] / sum(counts)


def _rate(weight: Array, labels: Array, before: tuple[float, float], as_all: float) -> Array:
    every = (before[0] + (weight * labels).sum()) / (sum(before) + weight.sum())
    named = as_all * every + (weight * labels).sum(axis=0)
    rates: Array = (named / (as_all + weight.sum(axis=0))).astype(np.float32)
    return rates
