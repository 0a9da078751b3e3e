"""Smoothing the labels of a session over time, with evidence from before and after a window.

What goes on seldom changes from one window to the next: a hidden Markov model
(`models.egolog.scenario_sets`), smoothed by the forward-backward algorithm (Rabiner, Proc. IEEE
1989, §III.A). In hindsight labels are better than those that had to be given at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.egolog.offline_expert.expert import STEP_NS
from models.egolog.scenario_sets import ScenarioSets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas import FinetuneItem

Array = NDArray[np.float32]


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
    sets = ScenarioSets.of(belief.shape[1])
    evidence = sets.evidence(belief.astype(np.float64))
    smoothed = np.array(belief, np.float32)
    for session in np.unique(when.session):
        at = np.flatnonzero(when.session == session)
        at = at[np.argsort(when.step[at], kind="stable")]
        if len(at) > 1:
            smoothed[at] = _smooth(sets, evidence[at], np.diff(when.step[at]))
    return smoothed


def _smooth(
    sets: ScenarioSets, evidence: NDArray[np.float64], gaps: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Forward and backward over evidence (T, S), `gaps` (T - 1,) steps between them."""
    ahead = _predict(sets, evidence, gaps)
    # The model is reversible, so the backward pass has the same transitions.
    behind = _predict(sets, evidence[::-1], gaps[::-1])[::-1]
    return sets.marginals(sets.update(ahead * behind / sets.prior, evidence))


def _predict(
    sets: ScenarioSets, evidence: NDArray[np.float64], gaps: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return what is expected of each window (T, S) from all windows before it."""
    expected = [sets.prior]
    for current, gap in zip(evidence[:-1], gaps.tolist(), strict=True):
        expected.append(sets.later(sets.update(expected[-1], current), gap))
    return np.stack(expected)
