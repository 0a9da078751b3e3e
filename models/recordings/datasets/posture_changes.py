"""Detecting standing up and sitting down by a barometer at the head.

ClassyGlass' recordings of standing up are two minutes of repeated standing up and sitting down with
pauses, under one label. The head rises by half a metre, which is 5 Pa.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 50
LEAST_PA = 3.0
"""Of 5 Pa, with about 1 Pa of noise in means over 1.5 s."""
LEAST_TURN = 0.15
"""rad/s around a change; a door that opens moves the air, and not the head."""
HALF_ROWS = RATE
"""Rows of a change before and after its middle: most take two seconds."""
_MEAN_ROWS = 75
_APART_ROWS = 3 * RATE
_NEAR_ROWS = 60
_SMOOTH_ROWS = 25


@dataclass(frozen=True)
class PostureChange:
    """A change with the row of its middle."""

    middle: int
    name: Literal["standing up", "sitting down"]


def changes(values: NDArray[np.floating], pressure_pa: NDArray[np.number]) -> list[PostureChange]:
    """Return the changes in a recording `values` (n, 6), `pressure_pa` (n,) at 50 Hz, in order.

    Changes alternate, so two of the same kind in a row are both dropped: one of them is wrong, or
    one between them was missed.
    """
    rows = len(values)
    if rows <= 2 * _MEAN_ROWS:
        return []
    mean = ndimage.uniform_filter1d(pressure_pa.astype(np.float64), _MEAN_ROWS)
    # The mean over 0.75 to 2.25 s after a row less that over as long before it.
    risen = np.zeros(rows)
    risen[_MEAN_ROWS:-_MEAN_ROWS] = mean[: -2 * _MEAN_ROWS] - mean[2 * _MEAN_ROWS :]
    turning = ndimage.gaussian_filter1d(
        np.linalg.norm(values[:, 3:].astype(np.float64), axis=1), _SMOOTH_ROWS
    )
    steps: list[int] = []
    for row in np.argsort(-np.abs(risen), kind="stable").tolist():
        if abs(risen[row]) < LEAST_PA:
            break
        if all(abs(row - other) >= _APART_ROWS for other in steps):
            steps.append(row)
    ups = [bool(risen[row] > 0) for row in sorted(steps)]
    kept = []
    for number, row in enumerate(sorted(steps)):
        neighbours = ups[max(0, number - 1) : number] + ups[number + 1 : number + 2]
        if ups[number] in neighbours:
            continue
        first = max(0, row - _NEAR_ROWS)
        middle = first + int(turning[first : row + _NEAR_ROWS].argmax())
        if turning[middle] >= LEAST_TURN:
            kept.append(PostureChange(middle, "standing up" if ups[number] else "sitting down"))
    return kept
