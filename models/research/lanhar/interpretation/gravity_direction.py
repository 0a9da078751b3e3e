"""The direction of gravity through a window, tracked with the gyroscope, and its changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.lanhar.resample import RATE
from models.research.lanhar.interpretation.amplitudes import HALF_SECOND, STILL_GYRO, TINY, Floats
from models.research.lanhar.interpretation.windows import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

HIGHEST_BIAS = 0.06  # rad/s, of a phone's gyroscope
TRACKING_HZ = 1.0
"""Rate at which the tracked direction follows the accelerometer, 1/s: slower than steps, faster
than the drift of a phone's gyroscope. 0.3 to 3 differ little on the real data sets."""


def gyroscope_bias(gyro: Floats) -> Floats:
    """Return the gyroscope's bias, (N, 1, 3): the mean of its blocks at rest.

    Without any it is the window's mean, limited to a plausible bias; the rest is a turn.
    """
    blocks = gyro.reshape(len(gyro), -1, HALF_SECOND, 3)
    mean = blocks.mean(axis=2)
    # A slow, constant turn has as little variation as rest, but is faster than a bias.
    still = (blocks.std(axis=2) < 0.3 * STILL_GYRO) & (np.abs(mean) < 2 * HIGHEST_BIAS)
    still = still.all(axis=2)[..., None]  # (N, 12, 1)
    at_rest = (mean * still).sum(axis=1) / np.maximum(still.sum(axis=1), 1)
    bias: Floats = np.where(still.any(axis=1), at_rest, mean.mean(axis=1))
    return bias.clip(-HIGHEST_BIAS, HIGHEST_BIAS)[:, None]


def track_up(acc: Floats, gyro: Floats) -> Floats:
    """Track the measured direction of gravity, (N, T, 3), with a complementary filter.

    It runs backwards and forwards through the window, so that it has settled at both ends, and the
    two passes are averaged.
    """
    scaled = acc / np.maximum(np.linalg.norm(acc.mean(axis=1), axis=1)[:, None, None], TINY)
    now = _unit(acc.mean(axis=1))
    passes = np.empty((2, *acc.shape))
    for number, (order, sense) in enumerate(((range(SAMPLES)[::-1], 1.0), (range(SAMPLES), -1.0))):
        for row in order:
            passes[number, :, row] = now
            turned = sense * np.cross(gyro[:, row], now)
            now = _unit(now + (turned + TRACKING_HZ * (scaled[:, row] - now)) / RATE)
    return _unit(passes.sum(axis=0))


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Floats = vectors / np.maximum(lengths, TINY)
    return unit


def split_along(vectors: Floats, up: Floats) -> tuple[Floats, Floats]:
    """Return the component along `up`, (N, T), and the perpendicular one, (N, T, 3)."""
    along = np.einsum("nti,nti->nt", vectors, up)
    return along, vectors - along[..., None] * up


def posture_changes(up: Floats) -> dict[str, Floats]:
    """Return how far the direction of gravity (N, T, 3) moves through the window, degrees."""
    edge = 3 * HALF_SECOND
    seconds = up.reshape(len(up), SAMPLES // RATE, RATE, 3).mean(axis=2)  # (N, 6, 3)
    return {
        "tilt_change": _angle(up[:, :edge].mean(axis=1), up[:, -edge:].mean(axis=1)),
        "tilt_range": _angle(seconds, up.mean(axis=1)[:, None]).max(axis=1),
    }


def upright_angles(up: Floats, uprights: NDArray[np.float32] | None) -> Sequence[float | None]:
    """Return the angle between `up` and `uprights`, (N, 3) each, degrees; None where unknown."""
    if uprights is None:
        return [None] * len(up)
    angles = _angle(up, uprights.astype(np.float64))
    return [float(angle) if np.isfinite(angle) else None for angle in angles]


def _angle(one: Floats, other: Floats) -> Floats:
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    cosine = (one * other).sum(axis=-1) / np.maximum(lengths, TINY)
    angle: Floats = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return angle
