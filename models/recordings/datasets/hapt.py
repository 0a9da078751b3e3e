"""HAPT (UCI HAR's raw recordings): a phone at the waist, 50 Hz, with labelled intervals.

Reyes-Ortiz et al., Neurocomputing 2016. It has no absolute times: each user's recordings are placed
one after another from a fixed start, a minute apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.recordings.formats.arrays import ImuArray, load, of_recording, of_user
from models.recordings.protocol import EPOCH_START_NS, TruthSpan, sample_time_ns
from schemas.frames import NS

if TYPE_CHECKING:
    from pathlib import Path

PAUSE_S = 60
_KEYS = (
    "signal",
    "scale",
    "recording_start",
    "recording_stop",
    "recording_user",
    "interval_recording",
    "interval_start",
    "interval_stop",
    "interval_label",
    "sampling_rate_hz",
)
_ACTIVITY = {"sit to stand": "standing up", "stand to sit": "sitting down"}
_MOTION = {
    "walking": "walking",
    "going upstairs": "walking",
    "going downstairs": "walking",
    "sit to stand": "standing up",
    "stand to sit": "sitting down",
    "lie to sit": "moving",
    "sit to lie": "moving",
    "lie to stand": "moving",
    "stand to lie": "moving",
}


def open_all(path: Path, user: str | None = None) -> list[ImuArray]:
    """Return the recordings of every user (or of one) in `hapt_50hz.npz`."""
    data = load(path, _KEYS)
    rate = float(data["sampling_rate_hz"])
    recordings: list[ImuArray] = []
    clock: dict[str, int] = {}
    order: dict[str, int] = {}
    for index, who in enumerate(map(str, data["recording_user"])):
        first, last = int(data["recording_start"][index]), int(data["recording_stop"][index])
        start_ns = clock.get(who, EPOCH_START_NS)
        number = order.get(who, 0) + 1
        order[who] = number
        clock[who] = start_ns + (int(np.ceil((last - first) / rate)) + PAUSE_S) * NS
        if user is not None and who != user:
            continue
        inside = np.flatnonzero(data["interval_recording"] == index)
        spans = []
        for i in inside[np.argsort(data["interval_start"][inside], kind="stable")]:
            begin = sample_time_ns(start_ns, int(data["interval_start"][i]), rate)
            end = sample_time_ns(start_ns, int(data["interval_stop"][i]), rate)
            label = str(data["interval_label"][i])
            spans.append(TruthSpan(begin, end, "activity", _ACTIVITY.get(label, label)))
            if label in _MOTION:
                spans.append(TruthSpan(begin, end, "motion", _MOTION[label]))
        named = (f"hapt-{who}", number, start_ns, spans)
        recordings.append(of_recording(data, index, *named, "waist"))
    if user is not None:
        return of_user(recordings, user, path, data["recording_user"].tolist())
    return recordings


def open_user(path: Path, user: str) -> list[ImuArray]:
    """Return one user's recordings; raises `RecordingError` naming the known users."""
    return open_all(path, user)
