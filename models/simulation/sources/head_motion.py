"""Real head motion: segments of ClassyGlass recordings, at least half of them with movement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from models.recordings.datasets.motion_files import read_recordings
from models.recordings.protocol import RecordingError
from models.recordings.splits import Split, in_split
from models.simulation.life.motion import RATE
from models.simulation.sources.motion_bank import head_yaw

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

MOVING = (
    "walking",
    "stairs",
    "running",
    "sitting moving head/body",
    "sitting moving chair",
    "TUG",
    "standing",
    "pick up items",
    "stand up from sitting",
)
MOVING_SHARE = 0.7
BODY_S = 4.0  # time constant with which the body follows the head's turns
_CONTEXT_S = 4  # around a stretch, so that its slow part is known


class HeadMotionError(RecordingError):
    """A folder has no head motion of the requested users."""


@dataclass(frozen=True)
class Turning:
    """`imu` (n, 6) at 50 Hz, acc m/s² and gyro rad/s in the sensor's axes, with the yaw (n,) of
    head and body computed from it, rad, counter-clockwise.
    """

    imu: NDArray[np.float32]
    head: NDArray[np.float64]
    body: NDArray[np.float64]


@dataclass(frozen=True)
class HeadMotions:
    """Recordings (n, 6) at 50 Hz of one split's users, by activity."""

    moving: list[NDArray[np.float32]]
    still: list[NDArray[np.float32]]

    @classmethod
    def read(cls, path: Path, split: Split | None) -> HeadMotions:
        """Read `classyglass_50hz.npz`; split None takes every user, finite recordings only.

        Raises `HeadMotionError` without labels or a user of the split, and `RecordingError` if the
        file cannot be used otherwise.
        """
        motion = read_recordings(path)
        if motion.labels is None:
            raise HeadMotionError(f"{path.name} has no array recording_label; expected activities")
        values = motion.signal.astype(np.float32) / motion.scale
        rows = zip(motion.firsts, motion.lasts, motion.users, motion.labels, strict=True)
        parts: tuple[list[NDArray[np.float32]], ...] = ([], [])
        for start, stop, user, label in rows:
            # Glasses that are being put on do not turn with a head.
            long_enough = stop - start >= (2 * _CONTEXT_S + 6) * RATE
            turns = label != "don/doff glasses" and long_enough and in_split(user, split)
            if turns and np.isfinite(values[start:stop]).all():
                parts[label not in MOVING].append(values[start:stop])
        if not parts[0] and not parts[1]:
            raise HeadMotionError(
                f"{path.name} holds no user of split {split!r}; expected one or more"
            )
        return cls(*parts)

    def draw(self, rng: Generator, seconds: int) -> Turning:
        """Draw a stretch; the head starts at any heading."""
        move = bool(self.moving) and (not self.still or rng.random() < MOVING_SHARE)
        recordings = self.moving if move else self.still
        recording = recordings[int(rng.integers(len(recordings)))]
        rows = (seconds + 2 * _CONTEXT_S) * RATE
        first = int(rng.integers(max(1, len(recording) - rows + 1)))
        imu = recording[first : first + rows]
        head = float(rng.uniform(-np.pi, np.pi)) + head_yaw(imu)
        body = ndimage.gaussian_filter1d(head, BODY_S * RATE, mode="nearest")
        cut = slice(_CONTEXT_S * RATE, (_CONTEXT_S + seconds) * RATE)
        return Turning(imu[cut], head[cut], np.asarray(body[cut], np.float64))
