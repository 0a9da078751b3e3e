"""ClassyGlass' windows, HAPT's and GeoTec's intervals as labelled stretches of rows, for training.

`models.recordings` replays the same files, with times and truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from models.recordings.datasets.motion_files import MotionRecordings, read_recordings
from models.recordings.datasets.posture_changes import HALF_ROWS, changes
from models.recordings.formats.arrays import load
from models.recordings.formats.columns import check_length, texts, whole_numbers
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

STANDING_UP_AND_DOWN = "stand up from sitting"
"""ClassyGlass' label of minutes of standing up, staying, sitting down and staying."""
WINDOW = 300
"""Rows of a ClassyGlass window: 6 s at 50 Hz."""


@dataclass(frozen=True)
class LabelledSegment:
    """The activity of `user` in rows [start, stop) of a recording of rows [first, last)."""

    user: str
    label: str
    start: int
    stop: int
    first: int
    last: int


@dataclass(frozen=True)
class LabelledMotion:
    """Rows `values` (n, 6) at 50 Hz, acc m/s² and gyro rad/s, and the stretches of them."""

    values: NDArray[np.float32]
    stretches: list[LabelledSegment]


def classyglass(folder: Path) -> LabelledMotion | None:
    """Read the windows by detailed label, recording by recording; None unless both files exist.

    Raises `RecordingError`, as the readers below, where a file cannot be used.
    """
    paths = [folder / f"classyglass_{name}.npz" for name in ("50hz", "windows")]
    if not all(path.is_file() for path in paths):
        return None
    motion = read_recordings(paths[0])
    windows = load(paths[1], ("recording", "start", "detail", "user"))
    recordings, starts = (whole_numbers(paths[1], windows, name) for name in ("recording", "start"))
    check_length(paths[1], "start", len(starts), len(recordings))
    details, users = (
        texts(paths[1], windows, name, len(recordings)) for name in ("detail", "user")
    )
    segments = []
    for recording, start, detail, user in sorted(
        zip(recordings, starts, details, users, strict=True)
    ):
        if not 0 <= recording < len(motion.firsts):
            raise RecordingError(
                f"{paths[1].name} has a window of recording {recording}; "
                f"expected one of {len(motion.firsts)}, as in {paths[0].name}"
            )
        if start < 0:
            raise RecordingError(
                f"{paths[1].name} has a window from row {start}; expected 0 or more"
            )
        first, last = motion.firsts[recording], motion.lasts[recording]
        # A window's start counts from its recording's first row.
        if first + start + WINDOW <= last:
            begin = first + start
            segments.append(LabelledSegment(user, detail, begin, begin + WINDOW, first, last))
    return LabelledMotion(_values(motion), segments)


def classyglass_changes(folder: Path) -> LabelledMotion | None:
    """Detect standing up and sitting down by the barometer, in recordings labelled as a whole.

    Returns None if there is no file with barometer data.
    """
    path = folder / "classyglass_50hz.npz"
    if not path.is_file():
        return None
    motion = read_recordings(path)
    if motion.pressure_pa is None or motion.labels is None:
        return None
    values = _values(motion)
    segments = []
    for user, label, first, last in zip(
        motion.users, motion.labels, motion.firsts, motion.lasts, strict=True
    ):
        if label != STANDING_UP_AND_DOWN:
            continue
        for change in changes(values[first:last], motion.pressure_pa[first:last]):
            middle = first + change.middle
            start, stop = max(first, middle - HALF_ROWS), min(last, middle + HALF_ROWS)
            segments.append(LabelledSegment(user, change.name, start, stop, first, last))
    return LabelledMotion(values, segments)


def hapt(folder: Path) -> LabelledMotion | None:
    """Read the intervals; None if the file does not exist."""
    return _intervals(folder / "hapt_50hz.npz")


def geotec(folder: Path, device: Literal["phone", "watch"]) -> LabelledMotion | None:
    """Read the intervals of a phone or a watch; None if the file does not exist."""
    return _intervals(folder / f"geotec_{device}_50hz.npz")


def _intervals(path: Path) -> LabelledMotion | None:
    if not path.is_file():
        return None
    motion = read_recordings(path)
    if motion.intervals is None:
        raise RecordingError(
            f"{path.name} has no array interval_label; expected labelled intervals"
        )
    segments = []
    for interval in motion.intervals:
        if interval.start < interval.stop:
            user = motion.users[interval.recording]
            first, last = motion.firsts[interval.recording], motion.lasts[interval.recording]
            rows = (first + interval.start, first + interval.stop, first, last)
            segments.append(LabelledSegment(user, interval.label, *rows))
    return LabelledMotion(_values(motion), segments)


def _values(motion: MotionRecordings) -> NDArray[np.float32]:
    return motion.signal.astype(np.float32) / motion.scale
