"""WISDM 2019: a phone in the pocket or a watch, 20 Hz, as windows of 6 s.

One user's windows, concatenated in the file's order, make one recording. The signal is not
continuous between windows, and the start is fixed, because the data set has no absolute times.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from models.recordings.formats.arrays import ImuArray, load, of_user
from models.recordings.protocol import EPOCH_START_NS, TruthSpan, sample_time_ns

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 20.0
_KEYS = ("data", "label", "user", "position")
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
    data = load(path, _KEYS)
    device = "watch" if "watch" in path.name else "phone"
    recordings = []
    for who in sorted(set(map(str, data["user"]))):
        if user is not None and who != user:
            continue
        rows = np.flatnonzero(data["user"] == who)
        name = f"wisdm-{device}-{who}"
        recordings.append(
            ImuArray(
                name=name,
                device_id=name,
                session_id=name,
                start_ns=EPOCH_START_NS,
                rate=RATE,
                values=data["data"][rows].reshape(-1, 6),
                scale=np.ones(6, np.float32),
                spans=_spans(data["label"][rows], data["data"].shape[1]),
                position="wrist" if device == "watch" else "pocket",
            )
        )
    if user is not None:
        return of_user(recordings, user, path, data["user"].tolist())
    return recordings


def open_user(path: Path, user: str) -> list[ImuArray]:
    """Return one user's recording; raises `RecordingError` naming the known users."""
    return open_all(path, user)


def _spans(labels: NDArray[Any], window: int) -> tuple[TruthSpan, ...]:
    borders = [0, *(np.flatnonzero(labels[1:] != labels[:-1]) + 1).tolist(), len(labels)]
    spans = []
    for first, last in pairwise(borders):
        start = sample_time_ns(EPOCH_START_NS, first * window, RATE)
        end = sample_time_ns(EPOCH_START_NS, last * window, RATE)
        label = str(labels[first])
        spans.append(TruthSpan(start, end, "activity", _ACTIVITY.get(label, label)))
        motion = _MOTION.get(label, "moving")
        if motion is not None:
            spans.append(TruthSpan(start, end, "motion", motion))
    return tuple(spans)
