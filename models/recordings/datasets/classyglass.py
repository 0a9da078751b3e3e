"""ClassyGlass: smart glasses at the right temple, 50 Hz, at the times they were recorded.

Labels apply to whole recordings: in one of "standing up" the wearer repeatedly stands up and sits
down. CC BY 4.0.

The file holds `signal`, `scale`, `recording_start`, `recording_stop`, `recording_user`,
`recording_label` and `recording_t0_unix_s`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.recordings.datasets.motion_files import read_recordings
from models.recordings.datasets.replayed_motion import of_recording, truth_of
from models.recordings.formats.arrays import of_user
from models.recordings.protocol import RecordingError, sample_time_ns
from schemas.frames import NS

if TYPE_CHECKING:
    from pathlib import Path

    from models.recordings.formats.arrays import ImuArray

_NEEDED = ("recording_label", "recording_t0_unix_s")
# Times of messages are ns in 64 bits.
_LATEST_S = 2**63 / NS
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
    motion = read_recordings(path, _NEEDED)
    labels = motion.labels or []
    recordings: list[ImuArray] = []
    order: dict[str, int] = {}
    for index in np.argsort(motion.began_s, kind="stable").tolist():
        who, began_s = motion.users[index], motion.began_s[index]
        number = order.get(who, 0) + 1
        order[who] = number
        if user is not None and who != user:
            continue
        if not 0 <= began_s < _LATEST_S:
            raise RecordingError(
                f"{path.name} has recording_t0_unix_s {began_s:g}; expected seconds since 1970"
            )
        # The file's clock is kept to the millisecond.
        start_ns = round(began_s * 1_000) * 1_000_000
        end_ns = sample_time_ns(start_ns, motion.lasts[index] - motion.firsts[index], motion.rate)
        spans = truth_of(labels[index], start_ns, end_ns, _ACTIVITY, _MOTION)
        named = (f"classyglass-{who}", number, start_ns, spans)
        recordings.append(of_recording(path, motion, index, *named, "glasses"))
    return recordings if user is None else of_user(recordings, user, path, motion.users)


def open_user(path: Path, user: str) -> list[ImuArray]:
    """Return one user's recordings; raises `RecordingError` naming the known users."""
    return open_all(path, user)
