"""The turn rate of a head, from an IMU worn on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from models.simulation.life.motion import RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GRAVITY_S = 2.0  # gravity is what remains of the acceleration over this long


def yaw_rate(imu: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the turn about gravity (n,) in rad/s of `imu` (n, 6) at 50 Hz, counter-clockwise.

    It does not depend on the sensor's mounting: gravity gives the vertical.
    """
    gravity = ndimage.gaussian_filter1d(
        imu[:, :3].astype(np.float64), _GRAVITY_S * RATE / 2, axis=0, mode="nearest"
    )
    up = gravity / np.maximum(np.linalg.norm(gravity, axis=1, keepdims=True), 1e-6)
    return np.asarray(np.sum(imu[:, 3:] * up, axis=1), np.float64)
