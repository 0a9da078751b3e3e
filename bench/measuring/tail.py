"""The ratio of two 99th percentiles, with a bootstrap interval."""

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
"""Latencies of one kind of run, one list per wearer and run."""


@dataclass(frozen=True)
class TailRatio:
    """The ratio of two 99th percentiles, and its 95 % bootstrap interval."""

    ratio: float
    low: float
    high: float


def tail_ratio(calm: Groups, beside: Groups, seed: int = 0) -> TailRatio:
    """Return the ratio of the 99th percentile of `beside` to that of `calm`.

    A wearer's consecutive windows are delayed by the same causes, so the bootstrap resamples whole
    groups, not single latencies.
    """
    rng = np.random.default_rng(seed)
    ratios = [_p99(_resample(beside, rng)) / _p99(_resample(calm, rng)) for _ in range(_DRAWS)]
    low, high = np.percentile(ratios, _INTERVAL)
    return TailRatio(_p99(_concatenate(beside)) / _p99(_concatenate(calm)), float(low), float(high))


def _resample(groups: Groups, rng: np.random.Generator) -> NDArray[np.float64]:
    return _concatenate([groups[i] for i in rng.integers(len(groups), size=len(groups))])


def _concatenate(groups: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    return np.concatenate([np.asarray(group, dtype=np.float64) for group in groups])


def _p99(delays: NDArray[np.float64]) -> float:
    return float(np.percentile(delays, P99))
