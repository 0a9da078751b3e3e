"""MotionSense (Malekzadeh et al. 2019): an iPhone 6s in the front trouser pocket, 24 users, 50 Hz.

`A_DeviceMotion_data/ACTIVITY_TRIAL/sub_USER.csv` has columns `gravity.x/y/z` and
`userAcceleration.x/y/z` in g and `rotationRate.x/y/z` in rad/s. Apple's signs are opposite to those
of an accelerometer: at rest face up, z is -1 g. The sum of both is negated.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

import numpy as np

from models.recordings.report import SetReport
from models.research.lanhar.datasets.rows import read_rows
from models.research.lanhar.datasets.tracks import G, SensorTrack, even_track, windows_of
from models.research.lanhar.interpretation.windows import Windows, WindowsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RATE = 50.0
DEVICE, POSITION = "iPhone 6s", "front trouser pocket"
ACTIVITIES = ("dws", "ups", "wlk", "jog", "std", "sit")
_COLUMNS = tuple(
    f"{what}.{axis}" for what in ("gravity", "userAcceleration", "rotationRate") for axis in "xyz"
)
_TRIAL = re.compile(r"([a-z]{3})_\d+")
_USER = re.compile(r"sub_(\d+)\.csv")


def read(root: Path) -> tuple[Windows, SetReport]:
    """Read every trial below `root`, at any depth."""
    report = SetReport()
    trials = [
        path for path in sorted(root.rglob("sub_*.csv")) if _TRIAL.fullmatch(path.parent.name)
    ]
    if not trials:
        raise WindowsError(
            f"data set {str(root)!r} has no ACTIVITY_TRIAL/sub_USER.csv; expected "
            "A_DeviceMotion_data"
        )
    return windows_of("motionsense", _tracks(trials, report), report), report


def _tracks(trials: list[Path], report: SetReport) -> Iterator[SensorTrack]:
    for path in trials:
        trial, user = _TRIAL.fullmatch(path.parent.name), _USER.fullmatch(path.name)
        if trial is None or user is None or trial.group(1) not in ACTIVITIES:
            report.skip(path, f"is not of one of {', '.join(ACTIVITIES)}")
            continue
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            header = next(csv.reader([file.readline()]), [])
        lacking = [name for name in _COLUMNS if name not in header]
        if lacking:
            report.skip(path, f"has no column {', '.join(lacking)}")
            continue
        columns = [header.index(name) for name in _COLUMNS]
        rows = read_rows(path, columns, report, delimiter=",", skip=1)
        if rows is None:
            continue
        acc = -G * (rows.values[:, :3] + rows.values[:, 3:6])
        values = np.concatenate([acc, rows.values[:, 6:]], axis=1)
        label = np.repeat(trial.group(1), len(values))
        who = f"u{int(user.group(1)):02d}"
        yield even_track(rows.number, values, label, RATE, who, POSITION, DEVICE)
