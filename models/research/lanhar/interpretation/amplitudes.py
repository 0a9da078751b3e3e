"""How much a window moves: amplitudes, their course and the shape of peaks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.lanhar.resample import RATE
from models.research.lanhar.interpretation.windows import SAMPLES

STILL_ACC = 0.15  # m/s², standard deviation over half a second; sensors' noise is a third of it
STILL_GYRO = 0.10  # rad/s
HALF_SECOND = RATE // 2
TINY = 1e-6
Floats = NDArray[np.float64]


def half_second_measures(acc: Floats, gyro: Floats) -> dict[str, Floats]:
    """Return what acceleration and rotation (N, T, 3) do over the half seconds of the window."""
    count = SAMPLES // HALF_SECOND
    shape = (len(acc), count, HALF_SECOND, 3)
    shaking = np.sqrt(acc.reshape(shape).var(axis=2).sum(axis=2))  # (N, 12)
    rotating = np.sqrt(gyro.reshape(shape).var(axis=2).sum(axis=2))
    moving = (shaking > STILL_ACC) | (rotating > STILL_GYRO)
    begins = moving & ~np.concatenate([np.zeros_like(moving[:, :1]), moving[:, :-1]], axis=1)
    third = count // 3
    return {
        "still_share": 1 - moving.mean(axis=1),
        "bursts": begins.sum(axis=1).astype(np.float64),
        "burstiness": (shaking.max(axis=1) - shaking.mean(axis=1))
        / (shaking.std(axis=1) + 0.1 * shaking.mean(axis=1) + TINY),
        "trend": log_ratio(rms(shaking[:, -third:]), rms(shaking[:, :third])),
    }


def rms(values: Floats) -> Floats:
    """Return the root mean square over time of (N, T) or (N, T, 3)."""
    square = values**2 if values.ndim == 2 else (values**2).sum(axis=2)
    return np.asarray(np.sqrt(square.mean(axis=1)), np.float64)


def log_ratio(one: Floats, other: Floats) -> Floats:
    """Return ln(one / other) of amplitudes."""
    # Below the sensor's noise a ratio is meaningless; the floor draws it towards 0.
    ratio: Floats = np.log((one + 1e-3) / (other + 1e-3))
    return ratio


def skew(values: Floats) -> Floats:
    """Return the skewness over time of (N, T)."""
    centred = values - values.mean(axis=1, keepdims=True)
    scale = np.maximum(centred.std(axis=1), TINY)
    skew: Floats = (centred**3).mean(axis=1) / scale**3
    return skew
