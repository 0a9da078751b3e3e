"""Motion of real wearers: ClassyGlass (smart glasses) and HAPT's transitions, by user."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.labels import ACTIVITIES, MOTIONS
from models.training.split import Split, in_split

WINDOW = 250  # rows: 5 s at 50 Hz
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
_HAPT_TRANSITIONS: dict[str, str] = {
    "sit to stand": "standing up",
    "lie to stand": "standing up",
    "stand to sit": "sitting down",
}


@dataclass(frozen=True)
class Motion:
    """Real windows: `imu` (N, 250, 6), `motion` and `activity` (N,) index.

    A motion of -1 is keeping still, an activity of -1 is unknown.
    """

    imu: NDArray[np.float32]
    motion: NDArray[np.int64]
    activity: NDArray[np.int64]


def read(folder: Path, split: Split) -> Motion:
    """Read both data sets' windows of the users of `split` from the folder `imu/`."""
    parts = [_classyglass(folder, split), _hapt(folder, split)]
    return Motion(
        imu=np.concatenate([part.imu for part in parts]),
        motion=np.concatenate([part.motion for part in parts]),
        activity=np.concatenate([part.activity for part in parts]),
    )


def _classyglass(folder: Path, split: Split) -> Motion:
    with np.load(folder / "classyglass_50hz.npz") as file:
        signal = file["signal"].astype(np.float32) / file["scale"]
        starts, stops = file["recording_start"], file["recording_stop"]
    with np.load(folder / "classyglass_windows.npz") as file:
        rows = list(
            zip(
                file["recording"].tolist(),
                file["start"].tolist(),
                file["detail"].tolist(),
                file["user"].tolist(),
                strict=True,
            )
        )
    imu, motion, activity = [], [], []
    for recording, start, detail, user in rows:
        if detail not in _CLASSYGLASS or not in_split(user, split):
            continue
        # A window's start counts from its recording's first row.
        first = int(starts[recording]) + start
        if first + WINDOW > stops[recording]:
            continue
        of_motion, of_activity = _CLASSYGLASS[detail]
        imu.append(signal[first : first + WINDOW])
        motion.append(NONE if of_motion is None else MOTIONS.index(of_motion))
        activity.append(NONE if of_activity is None else ACTIVITIES.index(of_activity))
    return Motion(np.stack(imu), np.array(motion), np.array(activity))


def _hapt(folder: Path, split: Split) -> Motion:
    with np.load(folder / "hapt_50hz.npz") as file:
        signal = file["signal"].astype(np.float32) / file["scale"]
        starts, stops = file["recording_start"], file["recording_stop"]
        users = file["recording_user"]
        intervals = list(
            zip(
                file["interval_recording"].tolist(),
                file["interval_start"].tolist(),
                file["interval_stop"].tolist(),
                file["interval_label"].tolist(),
                strict=True,
            )
        )
    imu, motion, activity = [], [], []
    for recording, start, stop, label in intervals:
        if label not in _HAPT_TRANSITIONS or not in_split(str(users[recording]), split):
            continue
        first = int(starts[recording]) + (start + stop) // 2 - WINDOW // 2
        if first < starts[recording] or first + WINDOW > stops[recording]:
            continue
        name = _HAPT_TRANSITIONS[label]
        imu.append(signal[first : first + WINDOW])
        motion.append(MOTIONS.index(name))
        activity.append(ACTIVITIES.index(name))
    return Motion(np.stack(imu), np.array(motion), np.array(activity))
