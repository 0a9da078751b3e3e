"""Which scenarios go on together: a hidden Markov model whose states are sets of scenarios.

Scenarios so compete for a window: one that is likely makes the others unlikely, which the network,
judging each by itself, does not say on days that differ from those of its training. What goes on
lasts, or else anything may go on next (Rabiner, Proc. IEEE 1989, §III.A).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

CHANGED = 0.3
"""Probability per step of thirty seconds that what went on no longer tells what goes on."""

USUAL = 0.25
"""Prior probability of a scenario, before the number of those present is limited."""

NOTHING = 0.05
"""Prior weight of no scenario, beside the odds of `USUAL` of each by itself: something goes on."""

TRUST = 0.6
"""Weight of each window's evidence, because errors of neighbouring windows are correlated."""

MOST = 2
"""How many scenarios are present at most: one, and now and then another at the same time."""

_LEAST = 1e-3

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ScenarioSets:
    """The S sets of at most `MOST` of N scenarios.

    `members` (S, N) is 1 for each set's scenarios, `prior` (S,) the sets' probabilities before any
    evidence, `usual` a scenario's probability that is evidence neither for nor against it.
    """

    members: Array
    prior: Array
    usual: float

    @classmethod
    @cache
    def of(cls, names: int, usual: float = USUAL) -> ScenarioSets:
        """Return the sets of so many scenarios."""
        sets = [each for size in range(MOST + 1) for each in combinations(range(names), size)]
        members = np.zeros((len(sets), names))
        for row, each in zip(members, sets, strict=True):
            row[list(each)] = 1.0
        prior = (usual / (1 - usual)) ** members.sum(axis=1)
        prior[0] = NOTHING
        return cls(members, prior / prior.sum(), usual)

    def evidence(self, estimates: Array, trust: float = TRUST) -> Array:
        """Return the log-likelihood (T, S) of each set by estimates (T, N) of T windows."""
        odds = _log_odds(np.clip(estimates, _LEAST, 1 - _LEAST)) - _log_odds(self.usual)
        likelihood: Array = trust * odds @ self.members.T
        return likelihood

    def later(self, belief: Array, steps: float, changed: float = CHANGED) -> Array:
        """Return what a belief (S,) says of the sets so many steps of thirty seconds later."""
        kept = (1 - changed) ** steps
        expected: Array = kept * belief + (1 - kept) * self.prior
        return expected

    def update(self, expected: Array, evidence: Array) -> Array:
        """Return the belief (..., S) after evidence (..., S) where `expected` was before it."""
        weights = expected * np.exp(evidence - evidence.max(axis=-1, keepdims=True))
        belief: Array = weights / weights.sum(axis=-1, keepdims=True)
        return belief

    def marginals(self, belief: Array) -> Array:
        """Return each scenario's probability (..., N) by a belief (..., S)."""
        present: Array = belief @ self.members
        return present


def _log_odds(probability: Array | float) -> Array:
    odds: Array = np.log(probability) - np.log1p(-np.asarray(probability))
    return odds
