"""The wearer: ears, gait, liveliness, and the sensor's mounting on the head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

from models.simulation.acoustics.ears import Ears, SphericalEars

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray


@dataclass(frozen=True)
class SimulatedWearer:
    """A random person and device.

    `mounting` (3, 3) turns head axes (x ahead, y left, z up) into the sensor's; biases in m/s² and
    rad/s, noises as standard deviations, gait in steps a second, `mic_noise` as full-scale level.
    """

    ears: Ears
    mounting: NDArray[np.float64]
    acc_bias: NDArray[np.float64]
    acc_scale: float
    gyro_bias: NDArray[np.float64]
    acc_noise: float
    gyro_noise: float
    walk_hz: float
    run_hz: float
    liveliness: float
    mic_noise: float

    @classmethod
    def draw(cls, rng: Generator, ears: Ears | None = None) -> SimulatedWearer:
        """Draw a wearer; `ears` replaces the random spherical head."""
        drawn = SphericalEars.draw(rng)
        return cls(
            ears=drawn if ears is None else ears,
            mounting=_mounting(rng),
            acc_bias=rng.normal(0, 0.15, 3),
            acc_scale=float(rng.uniform(0.98, 1.02)),
            gyro_bias=rng.normal(0, 0.01, 3),
            acc_noise=float(rng.uniform(0.01, 0.06)),
            gyro_noise=float(rng.uniform(0.001, 0.008)),
            walk_hz=float(rng.uniform(1.65, 1.95)),
            run_hz=float(rng.uniform(2.45, 2.75)),
            liveliness=float(rng.uniform(0.6, 1.5)),
            mic_noise=float(10 ** (rng.uniform(-72, -56) / 20)),
        )

    def cadence(self, posture: str) -> float:
        """Return the wearer's steps a second when they walk or run."""
        return self.run_hz if posture == "run" else self.walk_hz


def _mounting(rng: Generator) -> NDArray[np.float64]:
    # Real glasses differ: gravity lies in the x-y plane of ClassyGlass, and its direction and
    # sign change with the user. So any of the 24 axis conventions may come, and a tilt with it.
    convention = Rotation.create_group("O")[int(rng.integers(24))]
    tilt = Rotation.from_rotvec(np.deg2rad(rng.normal(0, 9, 3)))
    return np.asarray((tilt * convention).as_matrix(), np.float64)
