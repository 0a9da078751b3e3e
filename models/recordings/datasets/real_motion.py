"""Motion of real wearers, by user: ClassyGlass (smart glasses) and HAPT (waist)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.labels import ACTIVITIES, MOTIONS
from models.recordings.datasets import labelled_motion
from models.recordings.datasets.labelled_motion import WINDOW
from models.recordings.splits import Split, in_split

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

NONE = -1

_CLASSYGLASS: dict[str, tuple[str | None, str | None]] = {
    # detail of the window: (motion, activity); no motion is keeping still
    "walking": ("walking", "walking"),
    "stairs": ("walking", "walking"),
    "running": ("moving", "running"),
    "pick up items": ("moving", None),
    "sitting moving chair": ("moving", "sitting"),
    "sitting moving head/body": ("moving", "sitting"),
    "stand up from sitting": ("standing up", "standing up"),
    "standing": (None, "standing"),
    "sitting reading": (None, "sitting"),
    "computer browsing": (None, "sitting"),
    "sitting using computer": (None, "sitting"),
    "computer typing": (None, "typing on a keyboard"),
    "sitting writing": (None, "writing"),
}
_HAPT: dict[str, tuple[str | None, str]] = {
    "sit to stand": ("standing up", "standing up"),
    "lie to stand": ("standing up", "standing up"),
    "stand to sit": ("sitting down", "sitting down"),
    "walking": ("walking", "walking"),
    "going upstairs": ("walking", "walking"),
    "going downstairs": ("walking", "walking"),
    "sitting": (None, "sitting"),
    "standing": (None, "standing"),
}
# Long intervals give this many windows at most, so that walking does not drown the transitions.
_MAX_WINDOWS = 3


@dataclass(frozen=True)
class MotionWindows:
    """Real windows: `imu` (N, 300, 6), `motion` and `activity` (N,) index.

    A motion of -1 is keeping still, an activity of -1 is unknown.
    """

    imu: NDArray[np.float32]
    motion: NDArray[np.int64]
    activity: NDArray[np.int64]


def read(folder: Path, split: Split | None) -> MotionWindows | None:
    """Read what is there of both data sets' windows in the folder `imu/`; None without any.

    `split` None takes every user.
    """
    parts = [_classyglass(folder, split), _hapt(folder, split)]
    parts = [part for part in parts if len(part.imu)]
    if not parts:
        return None
    return MotionWindows(
        imu=np.concatenate([part.imu for part in parts]),
        motion=np.concatenate([part.motion for part in parts]),
        activity=np.concatenate([part.activity for part in parts]),
    )


def _classyglass(folder: Path, split: Split | None) -> MotionWindows:
    read = labelled_motion.classyglass(folder)
    if read is None:
        return _motion([])
    return _motion(
        [
            (read.values[window.start : window.stop], *_CLASSYGLASS[window.label])
            for window in read.stretches
            if window.label in _CLASSYGLASS and in_split(window.user, split)
        ]
    )


def _hapt(folder: Path, split: Split | None) -> MotionWindows:
    read = labelled_motion.hapt(folder)
    if read is None:
        return _motion([])
    windows = []
    for interval in read.stretches:
        if interval.label not in _HAPT or not in_split(interval.user, split):
            continue
        rows = interval.stop - interval.start
        count = int(np.clip(rows // WINDOW, 1, _MAX_WINDOWS))
        for middle in interval.start + rows * (np.arange(count) + 0.5) / count:
            begin = int(middle) - WINDOW // 2
            if begin >= interval.first and begin + WINDOW <= interval.last:
                windows.append((read.values[begin : begin + WINDOW], *_HAPT[interval.label]))
    return _motion(windows)


def _motion(windows: Sequence[tuple[NDArray[np.float32], str | None, str | None]]) -> MotionWindows:
    imu = np.stack([row[0] for row in windows]) if windows else np.zeros((0, WINDOW, 6), np.float32)
    return MotionWindows(
        imu=imu,
        motion=np.array([NONE if r[1] is None else MOTIONS.index(r[1]) for r in windows], np.int64),
        activity=np.array(
            [NONE if r[2] is None else ACTIVITIES.index(r[2]) for r in windows], np.int64
        ),
    )
