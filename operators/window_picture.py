"""A picture of a half minute for the page: the level of each band, and the head's motion.

It is coarse: tenths of a second and 32 bands. Whether words can be recovered from it was not
tested.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from schemas import Window

STEPS_PER_S = 10
BANDS = 32
GRAVITY = 9.81
# Quantiles of the picture that have the darkest and the brightest shade.
_QUIET, _LOUD = 1.0, 99.5


@dataclass(frozen=True)
class WindowPicture:
    """The picture of a window, 10 steps a second; None for an absent modality.

    `sound`: (T, 32) uint8, the log-mel's shades from 0 to 255, lowest band first. `motion`: (T, 2)
    float32, the acceleration's deviation from gravity, m/s², and the head's turn rate, rad/s.
    """

    sound: NDArray[np.uint8] | None
    motion: NDArray[np.float32] | None


def picture_of(window: Window) -> WindowPicture:
    """Return the picture of a window's features."""
    seconds = round((window.end_ns - window.start_ns) / 1e9)
    steps = seconds * STEPS_PER_S
    mel, imu = window.features.get("mel"), window.features.get("imu")
    return WindowPicture(
        None if mel is None else _shades(mel.array(), steps),
        None if imu is None else _movement(imu.array(), steps),
    )


def _shades(mel: NDArray[np.floating], steps: int) -> NDArray[np.uint8]:
    """Return the shades (steps, 32) of a log-mel (T, 64)."""
    frames, bands = mel.shape
    loud = np.nan_to_num(mel.astype(np.float32))
    loud = loud.reshape(frames, BANDS, bands // BANDS).mean(axis=2)
    loud = np.stack([part.mean(axis=0) for part in np.array_split(loud, steps)])
    low, high = np.percentile(loud, [_QUIET, _LOUD])
    shades: NDArray[np.uint8] = (
        (((loud - low) / max(high - low, 1e-6)).clip(0, 1) * 255).round().astype(np.uint8)
    )
    return shades


def _movement(imu: NDArray[np.floating], steps: int) -> NDArray[np.float32]:
    """Return the motion (steps, 2) of rows (N, 6) in m/s² and rad/s, gaps as none."""
    rows = imu.astype(np.float32)
    beyond = np.abs(np.linalg.norm(rows[:, :3], axis=1) - GRAVITY)
    turned = np.linalg.norm(rows[:, 3:], axis=1)
    both = np.nan_to_num(np.stack([beyond, turned], axis=1))
    return np.stack([part.mean(axis=0) for part in np.array_split(both, steps)])
