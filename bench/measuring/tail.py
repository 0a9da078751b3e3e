"""The 99th percentiles of two kinds of runs, and how sure their ratio is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

P99 = 99.0
_DRAWS = 2_000
_INTERVAL = (2.5, 97.5)

Groups = list[list[float]]
"""Delays of one kind of run, one list for each wearer of each run."""


@dataclass(frozen=True)
class TailRatio:
    """The ratio of two 99th percentiles, and the 95 % interval of its bootstrap."""

    ratio: float
    low: float
    high: float


def tail_ratio(calm: Groups, beside: Groups, seed: int = 0) -> TailRatio:
    """Return the ratio of the 99th percentile of `beside` to that of `calm`.

    What holds up one window of a wearer holds up the next one too, so whole groups are drawn, as
    many as there are, and not single delays.
    """
    chance = np.random.default_rng(seed)
    ratios = [_p99(_drawn(beside, chance)) / _p99(_drawn(calm, chance)) for _ in range(_DRAWS)]
    low, high = np.percentile(ratios, _INTERVAL)
    return TailRatio(_p99(_joined(beside)) / _p99(_joined(calm)), float(low), float(high))


def _drawn(groups: Groups, chance: np.random.Generator) -> NDArray[np.float64]:
    return _joined([groups[i] for i in chance.integers(len(groups), size=len(groups))])


def _joined(groups: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    return np.concatenate([np.asarray(group, dtype=np.float64) for group in groups])


def _p99(delays: NDArray[np.float64]) -> float:
    return float(np.percentile(delays, P99))
