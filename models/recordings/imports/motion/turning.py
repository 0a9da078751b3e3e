"""The unit of a gyroscope, measured by how fast it says that gravity turns.

Of a sensor that turns with ω, gravity a is seen to change by a × ω. In recordings of a waist, a
head, a pocket, a wrist and an ear whose unit is known, the change of acceleration is 0.3 to 1.9
times what rotation foretells wherever the two go together; degrees taken for radians are 57 times
as much.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import uniform_filter1d

from models.recordings.imports.motion.unit_names import DEGREE, RADIAN, G

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SMOOTH_S = 0.3  # steps and blows are shorter
_LEAST_S = 10.0
_TOGETHER = 0.3  # correlation of the change that is seen and the one that is foretold
_APART = 0.1  # of the slopes in either unit
_MOST = 6.0
_BLOCK_ROWS = 50_000


def measured_unit(
    acc: NDArray[np.float64], gyro: NDArray[np.float64], step_s: float
) -> float | None:
    """Return the factor of gyro (n, 3) to rad/s, 1 or π/180; None where gravity does not tell.

    `acc` (n, 3) is of the same rows, `step_s` apart, m/s² with gravity.
    """
    there = np.isfinite(acc).all(axis=1) & np.isfinite(gyro).all(axis=1)
    acc, gyro = acc[there], gyro[there]
    rows = max(3, round(_SMOOTH_S / step_s))
    half = rows // 2
    if len(acc) * step_s < _LEAST_S or len(acc) < 4 * rows:
        return None
    if not 0.6 < float(np.median(np.linalg.norm(acc, axis=1))) / G < 1.6:
        return None
    shared = power = change = 0.0
    borders = np.linspace(0, len(acc), max(1, len(acc) // _BLOCK_ROWS) + 1).astype(int).tolist()
    for its in (slice(*border) for border in pairwise(borders)):
        smooth, turning = (
            uniform_filter1d(part[its], rows, axis=0, mode="nearest") for part in (acc, gyro)
        )
        seen = (smooth[2 * half :] - smooth[: -2 * half]) / (2 * half * step_s)
        foretold = np.cross(smooth, turning)[half:-half]
        shared += float((foretold * seen).sum())
        power += float((foretold**2).sum())
        change += float((seen**2).sum())
    # Of devices with left-handed axes the two have opposite signs.
    if not power or not change or abs(shared) < _TOGETHER * math.sqrt(power * change):
        return None
    slope = abs(shared / power)
    if slope > _MOST or slope < _APART * DEGREE:
        return None
    return RADIAN if slope > _APART else DEGREE
