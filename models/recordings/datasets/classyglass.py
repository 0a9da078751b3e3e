"""ClassyGlass: smart glasses at the right temple, 50 Hz, at the times they were recorded.

Labels apply to whole recordings: in one of "standing up" the wearer repeatedly stands up and sits
down. CC BY 4.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.recordings.formats.arrays import ImuArray, load, of_recording, of_user
from models.recordings.protocol import TruthSpan, sample_time_ns

if TYPE_CHECKING:
    from pathlib import Path

_KEYS = (
    "signal",
    "scale",
    "recording_start",
    "recording_stop",
    "recording_user",
    "recording_label",
    "recording_t0_unix_s",
    "sampling_rate_hz",
)
_ACTIVITY = {
    "sitting reading": "sitting",
    "sitting using computer": "sitting",
    "computer browsing": "sitting",
    "sitting moving chair": "sitting",
    "sitting moving head/body": "sitting",
    "computer typing": "typing on a keyboard",
    "sitting writing": "writing",
    "stand up from sitting": "standing up",
}
_MOTION = {
    "walking": "walking",
    "stairs": "walking",
    "running": "moving",
    "pick up items": "moving",
    "sitting moving chair": "moving",
    "sitting moving head/body": "moving",
}


def open_all(path: Path, user: str | None = None) -> list[ImuArray]:
    """Return the recordings of every user (or of one) in `classyglass_50hz.npz`, by start."""
    data = load(path, _KEYS)
    rate = float(data["sampling_rate_hz"])
    recordings: list[ImuArray] = []
    order: dict[str, int] = {}
    for index in np.argsort(data["recording_t0_unix_s"], kind="stable"):
        who = str(data["recording_user"][index])
        number = order.get(who, 0) + 1
        order[who] = number
        if user is not None and who != user:
            continue
        first, last = int(data["recording_start"][index]), int(data["recording_stop"][index])
        # The file's clock is kept to the millisecond.
        start_ns = round(float(data["recording_t0_unix_s"][index]) * 1_000) * 1_000_000
        end_ns = sample_time_ns(start_ns, last - first, rate)
        label = str(data["recording_label"][index])
        spans = [TruthSpan(start_ns, end_ns, "activity", _ACTIVITY.get(label, label))]
        if label in _MOTION:
            spans.append(TruthSpan(start_ns, end_ns, "motion", _MOTION[label]))
        named = (f"classyglass-{who}", number, start_ns, spans)
        recordings.append(of_recording(data, index, *named, "glasses"))
    if user is not None:
        return of_user(recordings, user, path, data["recording_user"].tolist())
    return recordings


def open_user(path: Path, user: str) -> list[ImuArray]:
    """Return one user's recordings; raises `RecordingError` naming the known users."""
    return open_all(path, user)
