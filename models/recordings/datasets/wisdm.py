"""WISDM 2019: a phone in the pocket or a watch, 20 Hz, as windows of 6 s.

One user's windows, concatenated in the file's order, make one recording. The signal is not
continuous between windows, and the start is fixed, because the data set has no absolute times. The
file holds `data`, `label` and `user`.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from models.recordings.datasets.motion_files import CUT_RATE, read_cuts
from models.recordings.datasets.replayed_motion import truth_of
from models.recordings.formats.arrays import ImuArray, finite, of_user
from models.recordings.protocol import EPOCH_START_NS, sample_time_ns

if TYPE_CHECKING:
    from pathlib import Path

    from models.recordings.protocol import TruthSpan

_ACTIVITY = {
    "jogging": "running",
    "typing": "typing on a keyboard",
    "teeth": "brushing teeth",
    "soup": "eating",
    "chips": "eating",
    "pasta": "eating",
    "sandwich": "eating",
}
_MOTION = {
    "walking": "walking",
    "stairs (undirected)": "walking",
    "sitting": None,
    "standing": None,
    "typing": None,
    "writing": None,
    "drinking": None,
    "soup": None,
    "chips": None,
    "pasta": None,
    "sandwich": None,
}


def open_all(path: Path, user: str | None = None) -> list[ImuArray]:
    """Return one recording for every user (or for one) in a `wisdm19_*_20hz.npz` file."""
    cuts = read_cuts(path)
    device = "watch" if "watch" in path.name else "phone"
    windows: dict[str, list[int]] = {}
    for number, who in enumerate(cuts.users):
        windows.setdefault(who, []).append(number)
    recordings = []
    for who, rows in sorted(windows.items()):
        if user is not None and who != user:
            continue
        name = f"wisdm-{device}-{who}"
        recording = ImuArray(
            name=name,
            device_id=name,
            session_id=name,
            start_ns=EPOCH_START_NS,
            rate=CUT_RATE,
            values=cuts.data[rows].reshape(-1, 6),
            scale=np.ones(6, np.float32),
            spans=_spans([cuts.labels[row] for row in rows], cuts.data.shape[1]),
            position="wrist" if device == "watch" else "pocket",
        )
        recordings.append(finite(path, recording))
    return recordings if user is None else of_user(recordings, user, path, cuts.users)


def open_user(path: Path, user: str) -> list[ImuArray]:
    """Return one user's recording; raises `RecordingError` naming the known users."""
    return open_all(path, user)


def _spans(labels: list[str], window: int) -> tuple[TruthSpan, ...]:
    spans = []
    last = 0
    for label, run in groupby(labels):
        first, last = last, last + len(list(run))
        start = sample_time_ns(EPOCH_START_NS, first * window, CUT_RATE)
        end = sample_time_ns(EPOCH_START_NS, last * window, CUT_RATE)
        spans += truth_of(label, start, end, _ACTIVITY, _MOTION, "moving")
    return tuple(spans)
