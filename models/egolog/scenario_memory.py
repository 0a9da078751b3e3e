"""What the minutes before say of a scenario: the network looks at thirty seconds alone.

A scenario lasts for minutes. So the network's estimate of a window is evidence that moves what was
likely before it: a filter in which each scenario goes on, ends or begins by itself.
"""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING

from models.egolog.windows import SCENARIO_WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MEMORY_S = 150
"""How much of the past counts, the window itself included."""

CHANGED = 0.05
"""Chance that a scenario that went on has ended, or that another has begun, a window later."""

USUAL = 0.08
"""Probability of a scenario before anything is known: one or two of sixteen go on."""

TRUST = 0.7
"""How much of what was likely before counts: windows of one place err alike."""

_DECIMALS = 4
_LEAST = 1e-4


def remembered(
    estimates: Sequence[tuple[float, Mapping[str, float]]],
    memory_s: float = MEMORY_S,
    changed: float = CHANGED,
    trust: float = TRUST,
) -> dict[str, float]:
    """Return the probabilities of the last of `estimates`, given those before it.

    An estimate is when its window starts, s, and the network's own probabilities; they are in order
    of time. What starts more than `memory_s` before the end of the last window does not count. The
    first is what the network says of it; of none there is {}.
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
    """Return how much more likely than usual a scenario is before its window is heard."""
    probability = kept * _probability(odds) + (1 - kept) * USUAL
    return _log_odds(probability) - _log_odds(USUAL)


def _log_odds(probability: float) -> float:
    inside = min(1 - _LEAST, max(_LEAST, probability))
    return log(inside / (1 - inside))


def _probability(odds: float) -> float:
    return 1 / (1 + exp(-odds))
