"""Surroundings without recordings: synthesised sounds, drawn ears and a made-up head."""

from __future__ import annotations

import numpy as np

from models.research.egolog.localization.seconds import Surroundings
from models.simulation.acoustics.ears import SphericalEars
from models.simulation.acoustics.sounds import synthesise
from models.simulation.sources.head_motion import HeadMotions

LABELS = ("speech", "vacuum cleaner", "rain", "television")


def head(seconds: int, turning: bool, seed: int = 0) -> np.ndarray:
    """Motion (n, 6) at 50 Hz: gravity on the sensor's x, now and then a turn about it."""
    rng = np.random.default_rng(seed)
    imu = rng.normal(0, 0.02, (seconds * 50, 6))
    imu[:, 0] += 9.8
    if turning:
        imu[:, 3] += 0.8 * np.sin(2 * np.pi * 0.3 * np.arange(len(imu)) / 50)
    return imu.astype(np.float32)


def surroundings(stream: int = 1, turning: bool = True) -> Surroundings:
    """Ears of five drawn heads."""
    ears = [SphericalEars.draw(np.random.default_rng(seed)) for seed in range(5)]
    motions = HeadMotions([head(30, turning)], [])
    return Surroundings(
        f"made-{stream}", stream, LABELS, synthesise, lambda rng: ears[rng.integers(5)], motions
    )
