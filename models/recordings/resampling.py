"""Resampling motion with uneven timestamps to a regular grid, without bridging holes.

Phones timestamp bursts, and GoPro files have jumps and separate clocks for two sensors; networks
and frames need samples at a fixed rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOLE_S = 0.25  # a longer silence of either sensor starts a new stretch


@dataclass(frozen=True)
class Regular:
    """Motion without a hole from `start_s` on: (n, 6) float32 in m/s² and rad/s."""

    start_s: float
    values: NDArray[np.float32]


def stretches(
    acc_s: NDArray[np.float64],
    acc: NDArray[np.float64],
    gyro_s: NDArray[np.float64],
    gyro: NDArray[np.float64],
    rate: float,
    hole_s: float = HOLE_S,
) -> list[Regular]:
    """Interpolate both sensors to `rate` Hz wherever both have data.

    Times (n,) in seconds need not be sorted; of equal ones the first counts. `acc` and `gyro` are
    (n, 3).
    """
    acc_s, acc = _rising(acc_s, acc)
    gyro_s, gyro = _rising(gyro_s, gyro)
    segments = []
    for begin, end in _both(_runs(acc_s, hole_s), _runs(gyro_s, hole_s)):
        first, last = int(np.ceil(begin * rate - 1e-6)), int(np.floor(end * rate + 1e-6))
        if last - first < 1:
            continue
        grid = np.arange(first, last + 1) / rate
        columns = [np.interp(grid, acc_s, acc[:, axis]) for axis in range(3)]
        columns += [np.interp(grid, gyro_s, gyro[:, axis]) for axis in range(3)]
        segments.append(Regular(first / rate, np.stack(columns, axis=1).astype(np.float32)))
    return segments


def _rising(
    times: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rising, first = np.unique(times, return_index=True)
    return rising, values[first]


def _runs(times: NDArray[np.float64], hole_s: float) -> list[tuple[float, float]]:
    if not len(times):
        return []
    holes = np.flatnonzero(np.diff(times) > hole_s) + 1
    borders = [0, *holes.tolist(), len(times)]
    return [(float(times[a]), float(times[b - 1])) for a, b in pairwise(borders)]


def _both(
    one: list[tuple[float, float]], other: list[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Return the intersections of intervals of both lists."""
    overlaps, i, j = [], 0, 0
    while i < len(one) and j < len(other):
        begin, end = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if begin < end:
            overlaps.append((begin, end))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return overlaps
