"""A wearer who stands up and sits down, by motion and air pressure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 50


def wearer(
    ups_and_downs: list[tuple[float, float]], seconds: int, noise_pa: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return motion and pressure of a head that turns and rises by a pressure (Pa) at each time."""
    rng = np.random.default_rng(0)
    at_s = np.arange(seconds * RATE) / RATE
    values = np.zeros((len(at_s), 6))
    values[:, 2] = 9.81
    pressure = 100_000 + rng.normal(0, 1, len(at_s)) * noise_pa
    for middle_s, change_pa in ups_and_downs:
        values[:, 3] += 0.8 * np.exp(-((at_s - middle_s) ** 2))
        pressure += change_pa / (1 + np.exp(-4 * (at_s - middle_s)))
    return values, pressure
