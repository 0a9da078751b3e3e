"""Temporal filtering of scenarios: the network sees only thirty seconds, but scenarios last longer.

It is the forward pass of a hidden Markov model (`models.egolog.scenario_sets`), with the network's
estimate of each window as evidence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.egolog.scenario_sets import CHANGED, TRUST, USUAL, ScenarioSets
from models.network.windows import SCENARIO_WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MEMORY_S = 300
"""How much of the past is used, s, including the window itself."""

_DECIMALS = 4


def smooth_estimates(
    estimates: Sequence[tuple[float, Mapping[str, float]]],
    memory_s: float = MEMORY_S,
    changed: float = CHANGED,
    trust: float = TRUST,
    usual: float = USUAL,
) -> dict[str, float]:
    """Return the probabilities of the last of `estimates`, given those before it.

    estimates: pairs of a window's start, s, and the network's own probabilities, in order of time.
    Windows that start more than `memory_s` before the end of the last one are ignored. A single
    estimate is returned unchanged; without any the result is {}.
    """
    if not estimates:
        return {}
    last_s, last = estimates[-1]
    oldest_s = last_s + SCENARIO_WINDOW_S - memory_s
    recent = [estimate for estimate in estimates if estimate[0] >= oldest_s]
    if len(recent) == 1:
        return dict(last)
    names = list(last)
    sets = ScenarioSets.of(len(names), usual)
    own = np.array([[scenarios.get(name, usual) for name in names] for _, scenarios in recent])
    belief, before_s = sets.prior, recent[0][0]
    for (start_s, _), evidence in zip(recent, sets.evidence(own, trust), strict=True):
        expected = sets.later(belief, (start_s - before_s) / SCENARIO_WINDOW_S, changed)
        belief, before_s = sets.update(expected, evidence), start_s
    present = sets.marginals(belief).tolist()
    return {name: round(p, _DECIMALS) for name, p in zip(names, present, strict=True)}
