"""PAMAP2 (Reiss & Stricker 2012): sensors at hand, chest and ankle, 9 users, 18 activities, 100 Hz.

`{Protocol,Optional}/subject10N.dat` has 54 columns separated by blanks: time (s), activity, heart
rate, then 17 for each sensor: temperature, acceleration at ±16 g (m/s²), at ±6 g, gyroscope
(rad/s), magnetometer, orientation. NaN is a sample lost by the radio. The ±16 g scale is used, as
the authors recommend; activity 0 is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from models.recordings.report import SetReport
from models.research.lanhar.datasets.rows import read_rows
from models.research.lanhar.datasets.tracks import SensorTrack, windows_of
from models.research.lanhar.interpretation.windows import Windows, WindowsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

RATE = 100.0
DEVICE = "Colibri wireless"
POSITIONS = ("hand", "chest", "ankle")
ACTIVITIES = {
    1: "lying",
    2: "sitting",
    3: "standing",
    4: "walking",
    5: "running",
    6: "cycling",
    7: "Nordic walking",
    9: "watching TV",
    10: "computer work",
    11: "car driving",
    12: "ascending stairs",
    13: "descending stairs",
    16: "vacuum cleaning",
    17: "ironing",
    18: "folding laundry",
    19: "house cleaning",
    20: "playing soccer",
    24: "rope jumping",
}
_FIRST, _BLOCK = 3, 17
_FILE = re.compile(r"subject(\d+)\.dat")


def read(root: Path, positions: Sequence[str] = POSITIONS) -> tuple[Windows, SetReport]:
    """Read every subject's files below `root`, at the given positions."""
    unknown = [position for position in positions if position not in POSITIONS]
    if unknown:
        raise WindowsError(f"position {unknown[0]!r} is unknown; expected {', '.join(POSITIONS)}")
    report = SetReport()
    files = [path for path in sorted(root.rglob("subject*.dat")) if _FILE.fullmatch(path.name)]
    if not files:
        raise WindowsError(f"data set {str(root)!r} has no subject10N.dat; expected PAMAP2_Dataset")
    return windows_of("pamap2", _tracks(files, positions, report), report), report


def _tracks(
    files: list[Path], positions: Sequence[str], report: SetReport
) -> Iterator[SensorTrack]:
    for path in files:
        columns = [0, 1]
        for position in positions:
            first = _FIRST + POSITIONS.index(position) * _BLOCK
            columns += [*range(first + 1, first + 4), *range(first + 7, first + 10)]
        rows = read_rows(path, columns, report, may_lack=columns[2:])
        if rows is None:
            continue
        codes = rows.values[:, 1].astype(int)
        label = np.array([ACTIVITIES.get(int(code), "") for code in codes], dtype=np.str_)
        unknown = np.flatnonzero((label == "") & (codes != 0))
        if len(unknown):
            line, code = int(rows.number[unknown[0]]) + 1, str(codes[unknown[0]])
            report.bad_row(path, line, "unknown activity", code, len(unknown))
        user = path.stem.removeprefix("subject")
        for place, position in enumerate(positions):
            values = rows.values[:, 2 + 6 * place : 8 + 6 * place]
            there = np.isfinite(values).all(axis=1)
            times, motion = rows.values[there, 0], values[there]
            yield SensorTrack(
                times,
                motion[:, :3],
                times,
                motion[:, 3:],
                label[there],
                RATE,
                f"u{user}",
                position,
                DEVICE,
            )
