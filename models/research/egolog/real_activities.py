"""Real training users' windows at all positions, and which activities of the closed set are right.

The network learns from several windows that look alike which activities motion cannot tell apart,
so each has its own labels as targets. In a pocket nothing is seen of the hands, and what they do
gives way to the posture of the thigh: otherwise a still wearer would be said to eat because a data
set has more meals than rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.labels import ACTIVITIES
from models.lanhar.upright import gravity
from models.recordings.datasets.labelled_windows import read as read_windows
from models.recordings.datasets.labelled_windows import right_activities
from models.recordings.datasets.trained_motion import PLACE_OF
from models.research.egolog.hand_activities import HANDS, hidden_hands

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from models.recordings.datasets.labelled_windows import LabelledWindows
    from models.recordings.splits import Split

_PLACES = ("head", "waist", "pocket", "wrist")
_EVENNESS = 0.4
"""1 draws all activities of a data set as often, 0 as often as they occur."""


@dataclass(frozen=True)
class ActivityWindows:
    """N windows: `imu` (N, 250, 6) m/s² and rad/s, and `targets` (N, 16), whose rows sum to 1.

    `sampling` (N,) draws all positions as often.
    """

    imu: NDArray[np.float32]
    targets: NDArray[np.float32]
    sampling: NDArray[np.float64]


def read(folder: Path, split: Split) -> ActivityWindows | None:
    """Read the windows of the users in `split` from the folder `imu/`; None without any."""
    parts = []
    for place in _PLACES:
        files = [folder / name for name in sorted(PLACE_OF) if PLACE_OF[name] == place]
        there = [path for path in files if path.is_file()]
        parts += [
            _windows(read_windows(path, split=split), place, 1 / len(there)) for path in there
        ]
    parts = [part for part in parts if len(part.imu)]
    if not parts:
        return None
    sampling = np.concatenate([part.sampling for part in parts])
    return ActivityWindows(
        np.concatenate([part.imu for part in parts]),
        np.concatenate([part.targets for part in parts]),
        sampling / sampling.sum(),
    )


def _windows(windows: LabelledWindows, place: str, share: float) -> ActivityWindows:
    right = np.array(
        [[name in each for name in ACTIVITIES] for each in right_activities(windows)], bool
    ).reshape(-1, len(ACTIVITIES))
    kept = right.any(axis=1)
    right, windows = right[kept], windows.take(np.flatnonzero(kept).tolist())
    _, kind, counts = np.unique(right, axis=0, return_inverse=True, return_counts=True)
    weight = counts[kind].astype(np.float64) ** -_EVENNESS
    targets = (right / right.sum(axis=1, keepdims=True)).astype(np.float32)
    if place == "pocket":
        targets = _by_thigh(windows, targets)
    return ActivityWindows(windows.imu, targets, share * weight / weight.sum())


def _by_thigh(windows: LabelledWindows, targets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `targets` (N, 16) in which activities of the hands give way to a posture.

    It is the one, of the wearer's own sitting and standing, whose gravity is closer. If either is
    missing, or a window has no gravity, it is the one in which the activity is done as a rule.
    """
    first, wearers = targets.argmax(axis=1), np.array(windows.wearers)
    directions = [gravity(imu) for imu in windows.imu]
    up = np.array([np.zeros(3) if each is None else each for each in directions]).reshape(-1, 3)
    usual = {ACTIVITIES.index(name): posture for posture in HANDS for name in HANDS[posture]}
    given = targets.copy()
    for wearer in np.unique(wearers):
        own = wearers == wearer
        still = {name: up[own & (first == ACTIVITIES.index(name))] for name in HANDS}
        for at in np.flatnonzero(own & np.isin(first, list(usual))):
            posture = usual[first[at]]
            if directions[at] is not None and all(map(len, still.values())):
                posture = max(still, key=lambda name: float((still[name] @ up[at]).mean()))
            given[at] = hidden_hands(ACTIVITIES[first[at]], posture)
    return given
