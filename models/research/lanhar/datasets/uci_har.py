"""UCI HAR (Anguita et al. 2013): a phone at the waist, 30 users, six activities, 50 Hz.

`{train,test}/Inertial Signals/total_acc_{x,y,z}_{train,test}.txt` (g, gravity included) and
`body_gyro_...` (rad/s) have a window of 128 samples per row, half of which the next row repeats;
`y_*.txt` and `subject_*.txt` have a number per row. Overlapping rows are joined, since six seconds
are longer than a row. The root is the folder `UCI HAR Dataset` or its parent.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from models.recordings.report import SetReport
from models.research.lanhar.datasets.rows import read_rows
from models.research.lanhar.datasets.tracks import G, SensorTrack, even_track, windows_of
from models.research.lanhar.interpretation.windows import Windows, WindowsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 50.0
READINGS = 128
DEVICE, POSITION = "Samsung Galaxy S II", "waist"
ACTIVITIES = {
    1: "WALKING",
    2: "WALKING_UPSTAIRS",
    3: "WALKING_DOWNSTAIRS",
    4: "SITTING",
    5: "STANDING",
    6: "LAYING",
}
_HALF = READINGS // 2
_SIGNALS = tuple(f"{sensor}_{axis}" for sensor in ("total_acc", "body_gyro") for axis in "xyz")


def read(root: Path) -> tuple[Windows, SetReport]:
    """Read the train and test parts of the data set."""
    report = SetReport()
    base = next((p for p in (root, root / "UCI HAR Dataset") if (p / "train").is_dir()), None)
    if base is None:
        raise WindowsError(f"data set {str(root)!r} has no folder train; expected UCI HAR Dataset")
    tracks = (track for part in ("train", "test") for track in _part(base, part, report))
    return windows_of("uci_har", tracks, report), report


def _part(base: Path, part: str, report: SetReport) -> Iterator[SensorTrack]:
    folder = base / part
    activity = read_rows(folder / f"y_{part}.txt", [0], report)
    subject = read_rows(folder / f"subject_{part}.txt", [0], report)
    signals = [
        read_rows(folder / "Inertial Signals" / f"{name}_{part}.txt", range(READINGS), report)
        for name in _SIGNALS
    ]
    present = [rows for rows in (activity, subject, *signals) if rows is not None]
    if len(present) < 2 + len(_SIGNALS):
        return
    # A row that is malformed in one file is missing from all.
    common = present[0].number
    for rows in present[1:]:
        common = np.intersect1d(common, rows.number)
    if not len(common):
        return
    chosen = [rows.values[np.searchsorted(rows.number, common)] for rows in present]
    values = np.stack(chosen[2:], axis=2)  # (n, 128, 6)
    values[..., :3] *= G
    codes, users = chosen[0][:, 0].astype(int), chosen[1][:, 0].astype(int)
    for first, last in _runs(common, codes, users, values):
        if codes[first] not in ACTIVITIES:
            path = folder / f"y_{part}.txt"
            line, code = int(common[first]) + 1, str(codes[first])
            report.bad_row(path, line, "unknown activity", code, last - first)
            continue
        joined = np.concatenate([values[first], *values[first + 1 : last, _HALF:]])
        label = np.repeat(ACTIVITIES[int(codes[first])], len(joined))
        number = np.arange(len(joined))
        user = f"u{users[first]:02d}"
        yield even_track(number, joined, label, RATE, user, POSITION, DEVICE)


def _runs(
    number: NDArray[np.int64],
    codes: NDArray[np.int64],
    users: NDArray[np.int64],
    values: NDArray[np.float64],
) -> Iterator[tuple[int, int]]:
    """Yield runs of overlapping rows: the end of one is the beginning of the next."""
    same = (np.diff(number) == 1) & (np.diff(codes) == 0) & (np.diff(users) == 0)
    overlap = np.isclose(values[:-1, _HALF:], values[1:, :_HALF], atol=1e-4).all(axis=(1, 2))
    borders = [0, *(np.flatnonzero(~(same & overlap)) + 1).tolist(), len(number)]
    yield from pairwise(borders)
