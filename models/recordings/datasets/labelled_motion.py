"""ClassyGlass' windows, HAPT's and GeoTec's intervals as labelled stretches of rows, for training.

`models.recordings` replays the same files, with times and truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from models.recordings.datasets.posture_changes import HALF_ROWS, changes

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
    """Read the windows by detailed label, recording by recording; None unless both files exist."""
    paths = [folder / f"classyglass_{name}.npz" for name in ("50hz", "windows")]
    if not all(path.is_file() for path in paths):
        return None
    values, firsts, lasts, _ = _recordings(paths[0])
    with np.load(paths[1]) as file:
        columns = [file[name].tolist() for name in ("recording", "start", "detail", "user")]
    segments = []
    for recording, start, detail, user in sorted(zip(*columns, strict=True)):
        first, last = firsts[recording], lasts[recording]
        # A window's start counts from its recording's first row.
        if first + start + WINDOW <= last:
            begin = first + start
            segments.append(LabelledSegment(str(user), detail, begin, begin + WINDOW, first, last))
    return LabelledMotion(values, segments)


def classyglass_changes(folder: Path) -> LabelledMotion | None:
    """Detect standing up and sitting down by the barometer, in recordings labelled as a whole.

    Returns None if there is no file with barometer data.
    """
    path = folder / "classyglass_50hz.npz"
    if not path.is_file():
        return None
    values, firsts, lasts, users = _recordings(path)
    with np.load(path) as file:
        if not {"pressure_pa", "recording_label"} <= set(file.files):
            return None
        pressure, labels = file["pressure_pa"], file["recording_label"].tolist()
    segments = []
    for user, label, first, last in zip(users, labels, firsts, lasts, strict=True):
        if label != STANDING_UP_AND_DOWN:
            continue
        for change in changes(values[first:last], pressure[first:last]):
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
    values, firsts, lasts, users = _recordings(path)
    with np.load(path) as file:
        names = ("recording", "start", "stop", "label")
        columns = [file[f"interval_{name}"].tolist() for name in names]
    segments = []
    for recording, start, stop, label in zip(*columns, strict=True):
        first, last = firsts[recording], lasts[recording]
        segments.append(
            LabelledSegment(users[recording], label, first + start, first + stop, first, last)
        )
    return LabelledMotion(values, segments)


def _recordings(path: Path) -> tuple[NDArray[np.float32], list[int], list[int], list[str]]:
    with np.load(path) as file:
        return (
            file["signal"].astype(np.float32) / file["scale"],
            file["recording_start"].tolist(),
            file["recording_stop"].tolist(),
            [str(user) for user in file["recording_user"]],
        )
