"""HAPT (UCI HAR's raw recordings): a phone at the waist, 50 Hz, with labelled intervals.

Reyes-Ortiz et al., Neurocomputing 2016. It has no absolute times: each user's recordings are placed
one after another from a fixed start, a minute apart.

The file holds `signal`, `scale`, `recording_start`, `recording_stop`, `recording_user`,
`interval_recording`, `interval_start`, `interval_stop` and `interval_label`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.recordings.datasets.motion_files import read_recordings
from models.recordings.datasets.replayed_motion import of_recording, truth_of
from models.recordings.formats.arrays import of_user
from models.recordings.protocol import EPOCH_START_NS, sample_time_ns
from schemas.frames import NS

if TYPE_CHECKING:
    from pathlib import Path

    from models.recordings.datasets.motion_files import Interval
    from models.recordings.formats.arrays import ImuArray

PAUSE_S = 60
_NEEDED = ("interval_label",)
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
    motion = read_recordings(path, _NEEDED)
    intervals: dict[int, list[Interval]] = {}
    for interval in motion.intervals or ():
        intervals.setdefault(interval.recording, []).append(interval)
    recordings: list[ImuArray] = []
    clock: dict[str, int] = {}
    order: dict[str, int] = {}
    for index, who in enumerate(motion.users):
        rows = motion.lasts[index] - motion.firsts[index]
        start_ns = clock.get(who, EPOCH_START_NS)
        number = order.get(who, 0) + 1
        order[who] = number
        clock[who] = start_ns + (int(np.ceil(rows / motion.rate)) + PAUSE_S) * NS
        if user is not None and who != user:
            continue
        spans = []
        for interval in sorted(intervals.get(index, ()), key=lambda each: each.start):
            begin = sample_time_ns(start_ns, interval.start, motion.rate)
            end = sample_time_ns(start_ns, interval.stop, motion.rate)
            spans += truth_of(interval.label, begin, end, _ACTIVITY, _MOTION)
        named = (f"hapt-{who}", number, start_ns, spans)
        recordings.append(of_recording(path, motion, index, *named, "waist"))
    return recordings if user is None else of_user(recordings, user, path, motion.users)


def open_user(path: Path, user: str) -> list[ImuArray]:
    """Return one user's recordings; raises `RecordingError` naming the known users."""
    return open_all(path, user)
