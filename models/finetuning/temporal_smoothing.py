"""Labels of a whole day seen together: what came before and after a window speaks for it too.

A scenario seldom changes from one half minute to the next, so the labels of a session are read as
one chain for each scenario, forward and backward (Rabiner, Proc. IEEE 1989, §III.A): what was
learned after the fact names a window better than who had to answer at once.
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
# Neighbouring windows are wrong for the same reasons, so each speaks with half of its say.
LABEL_WEIGHT = 0.5
_SUREST = 0.995


@dataclass(frozen=True)
class Timeline:
    """Whose windows and when: `session` (N,) numbers, `step` (N,) thirty seconds since any time."""

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
        """Return windows that have nothing to do with each other."""
        return cls(np.arange(count), np.zeros(count, np.int64))

    def __len__(self) -> int:
        return len(self.session)

    def take(self, at: NDArray[np.bool_] | NDArray[np.int64]) -> Timeline:
        """Return the windows `at`, indices or a mask."""
        return Timeline(self.session[at], self.step[at])


def in_hindsight(belief: Array, when: Timeline) -> Array:
    """Return how likely each scenario (N, 16) was, given all beliefs (N, 16) of its session."""
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
    # The chain run backwards in time has the same steps, for it is in balance.
    behind = _passed(expert, says[::-1], gaps[::-1])[::-1]
    return _probability(_log_odds(ahead) + _log_odds(behind) - _log_odds(expert.rest) + says)


def _passed(
    expert: Expert, says: NDArray[np.float64], gaps: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return what all windows before each (T, 16) let expect of it."""
    rest = expert.rest
    expected = [rest]
    # In n steps of a two-state chain, what is left of a difference is this to the n-th power.
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
