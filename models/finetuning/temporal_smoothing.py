"""Smoothing the labels of a session over time, with evidence from before and after a window.

A scenario seldom changes from one window to the next, so each scenario is a two-state Markov chain,
smoothed by the forward-backward algorithm (Rabiner, Proc. IEEE 1989, §III.A). In hindsight labels
are better than those that had to be given at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.egolog.offline_expert import Expert
from models.egolog.offline_expert.expert import STEP_NS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas import FinetuneItem

Array = NDArray[np.float32]
# Each window's evidence is halved, because errors of neighbouring windows are correlated.
LABEL_WEIGHT = 0.5
_SUREST = 0.995


@dataclass(frozen=True)
class Timeline:
    """The windows' `session` (N,), a number, and `step` (N,), time in units of thirty seconds."""

    session: NDArray[np.int64]
    step: NDArray[np.int64]

    @classmethod
    def of_items(cls, items: Sequence[FinetuneItem]) -> Timeline:
        """Return the sessions and times of a queue."""
        names: dict[tuple[str, str], int] = {}
        session = [names.setdefault((i.device_id, i.session_id), len(names)) for i in items]
        step = [item.start_ns // STEP_NS for item in items]
        return cls(np.array(session, np.int64), np.array(step, np.int64))

    @classmethod
    def apart(cls, count: int) -> Timeline:
        """Return independent windows."""
        return cls(np.arange(count), np.zeros(count, np.int64))

    def __len__(self) -> int:
        return len(self.session)

    def take(self, at: NDArray[np.bool_] | NDArray[np.int64]) -> Timeline:
        """Return the windows `at`, indices or a mask."""
        return Timeline(self.session[at], self.step[at])


def in_hindsight(belief: Array, when: Timeline) -> Array:
    """Return the smoothed probabilities (N, 16), given all beliefs (N, 16) of each session."""
    expert = Expert.load()
    clipped = np.clip(belief.astype(np.float64), 1 - _SUREST, _SUREST)
    says = LABEL_WEIGHT * (_log_odds(clipped) - _log_odds(expert.rest))
    smoothed = np.array(belief, np.float32)
    for session in np.unique(when.session):
        at = np.flatnonzero(when.session == session)
        at = at[np.argsort(when.step[at], kind="stable")]
        if len(at) > 1:
            smoothed[at] = _smoothed(expert, says[at], np.diff(when.step[at]))
    return smoothed


def _smoothed(
    expert: Expert, says: NDArray[np.float64], gaps: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Forward and backward over log-odds (T, 16), `gaps` (T - 1,) steps between them."""
    ahead = _passed(expert, says, gaps)
    # The chain is reversible, so the backward pass has the same transitions.
    behind = _passed(expert, says[::-1], gaps[::-1])[::-1]
    return _probability(_log_odds(ahead) + _log_odds(behind) - _log_odds(expert.rest) + says)


def _passed(
    expert: Expert, says: NDArray[np.float64], gaps: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the prediction (T, 16) for each window from all windows before it."""
    rest = expert.rest
    expected = [rest]
    # In n steps of a two-state chain a difference shrinks to this to the power of n.
    left = expert.stay - expert.start
    for evidence, gap in zip(says[:-1], gaps, strict=True):
        known = _probability(_log_odds(expected[-1]) + evidence)
        expected.append(rest + (known - rest) * left**gap)
    return np.stack(expected)


def _log_odds(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.clip(probability, 1e-9, 1 - 1e-9)
    odds: NDArray[np.float64] = np.log(clipped / (1 - clipped))
    return odds


def _probability(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    probability: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(odds, -40, 40)))
    return probability
