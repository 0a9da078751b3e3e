"""Windows of motion made up from mechanics: steps of a given rate, lift and landing, and rest."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from models.research.lanhar.interpretation.analysis import Analysis, analyse_all

RATE, SAMPLES = 20, 120
T = np.arange(SAMPLES) / RATE


def rest(noise: float = 0.02, seed: int = 0) -> np.ndarray:
    """Return a sensor at rest, (120, 6), gravity along +z."""
    rng = np.random.default_rng(seed)
    window = rng.normal(0, noise, (SAMPLES, 6))
    window[:, 3:] *= 0.2
    window[:, 2] += 9.81
    return window.astype(np.float32)


def steps(
    hz: float = 1.8,
    vertical: float = 2.0,
    horizontal: float = 2.0,
    sharp: float = 0.5,
    landing: float = 0.0,
    seed: int = 0,
) -> np.ndarray:
    """Return steps with amplitudes in m/s² (standard deviations).

    `sharp` is the share of the amplitude at four times the step rate or more; `landing` above 0
    jolts faster than it lets go, below 0 the other way round.
    """
    window = rest(seed=seed)
    phase = 2 * np.pi * hz * T
    wave = np.sin(phase) + landing * 0.35 * np.sin(2 * phase)
    # Evenly spread in time: the sharp part adds high frequencies and no skew.
    wave = wave / wave.std() + sharp * np.sqrt(2) * np.sin(4 * phase + 0.7)
    window[:, 2] += vertical * wave / wave.std()
    window[:, 0] += horizontal * np.sqrt(2) * np.cos(phase + 0.4)
    window[:, 4] += 0.5 * np.sin(phase / 2)
    return window.astype(np.float32)


def turned(window: np.ndarray, seed: int = 5) -> np.ndarray:
    """Return the same motion from a sensor that is mounted in another way."""
    matrix = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    both = [window[:, part] @ matrix.T for part in (slice(0, 3), slice(3, 6))]
    return np.concatenate(both, axis=1).astype(np.float32)


def rise(degrees: float = 90.0) -> np.ndarray:
    """Return a sensor that turns over by an angle in the middle second."""
    angle = np.radians(degrees) * np.clip(T - 2.5, 0, 1)
    window = rest()
    window[:, 0] += 9.81 * np.sin(angle)
    window[:, 2] += 9.81 * (np.cos(angle) - 1)
    window[:, 4] += -np.gradient(angle, 1 / RATE)
    return window.astype(np.float32)


def analyse(window: np.ndarray, upright: np.ndarray | None = None) -> Analysis:
    return analyse_all(window[None], None if upright is None else upright[None])[0]
