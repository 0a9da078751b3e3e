"""Temporal filtering of scenarios: the network sees only thirty seconds, but scenarios last longer.

Each scenario is filtered independently as a two-state Markov chain (present or absent), with the
network's estimate of each window as evidence.
"""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING

from models.network.windows import SCENARIO_WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MEMORY_S = 150
"""How much of the past is used, s, including the window itself."""

CHANGED = 0.05
"""Probabilities per window that a present scenario ends, and that an absent one begins."""

USUAL = 0.08
"""Prior probability of a scenario: one or two of sixteen are present."""

TRUST = 0.7
"""Weight of the prior from earlier windows, whose errors are correlated."""

_DECIMALS = 4
_LEAST = 1e-4


def remembered(
    estimates: Sequence[tuple[float, Mapping[str, float]]],
    memory_s: float = MEMORY_S,
    changed: float = CHANGED,
    trust: float = TRUST,
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
    before_s, first = recent[0]
    odds = {name: _log_odds(p) for name, p in first.items()}
    for start_s, scenarios in recent[1:]:
        kept = (1 - changed) ** ((start_s - before_s) / SCENARIO_WINDOW_S)
        odds = {
            name: _log_odds(p) + trust * _expected(odds.get(name, _log_odds(USUAL)), kept)
            for name, p in scenarios.items()
        }
        before_s = start_s
    return {name: round(_probability(value), _DECIMALS) for name, value in odds.items()}


def _expected(odds: float, kept: float) -> float:
    """Return a scenario's predicted odds before the window, relative to its prior odds."""
    probability = kept * _probability(odds) + (1 - kept) * USUAL
    return _log_odds(probability) - _log_odds(USUAL)


def _log_odds(probability: float) -> float:
    inside = min(1 - _LEAST, max(_LEAST, probability))
    return log(inside / (1 - inside))


def _probability(odds: float) -> float:
    return 1 / (1 + exp(-odds))
