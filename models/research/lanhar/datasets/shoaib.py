"""Shoaib et al. 2014 (Fusion of Smartphone Motion Sensors): five phones at once, 10 users, 50 Hz.

`Participant_N.csv` has two header lines and five blocks of 14 columns: a time stamp, then x, y and
z of accelerometer (m/s²), linear acceleration, gyroscope (rad/s) and magnetometer, then an empty
column, which in the last block is the activity (going up is spelled `upsatirs`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from models.recordings.report import SetReport
from models.research.lanhar.datasets.rows import read_rows
from models.research.lanhar.datasets.tracks import SensorTrack, even_track, windows_of
from models.research.lanhar.interpretation.windows import Windows, WindowsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

RATE = 50.0
DEVICE = "Samsung Galaxy S II"
POSITIONS = ("left pocket", "right pocket", "wrist", "upper arm", "belt")
_BLOCK = 14
_LABEL = len(POSITIONS) * _BLOCK - 1
_FILE = re.compile(r"participant_(\d+)\.csv", re.IGNORECASE)


def read(root: Path, positions: Sequence[str] = POSITIONS) -> tuple[Windows, SetReport]:
    """Read every participant's file below `root`, at the given positions."""
    unknown = [position for position in positions if position not in POSITIONS]
    if unknown:
        raise WindowsError(f"position {unknown[0]!r} is unknown; expected {', '.join(POSITIONS)}")
    report = SetReport()
    files = {int(m.group(1)): p for p in root.rglob("*.csv") if (m := _FILE.fullmatch(p.name))}
    if not files:
        raise WindowsError(f"data set {str(root)!r} has no Participant_N.csv; expected the archive")
    return windows_of("shoaib", _tracks(files, positions, report), report), report


def _tracks(
    files: dict[int, Path], positions: Sequence[str], report: SetReport
) -> Iterator[SensorTrack]:
    for number in sorted(files):
        columns = []
        for position in positions:
            first = POSITIONS.index(position) * _BLOCK + 1
            columns += [first, first + 1, first + 2, first + 6, first + 7, first + 8]
        rows = read_rows(files[number], columns, report, delimiter=",", skip=2, text=_LABEL)
        if rows is None:
            continue
        for place, position in enumerate(positions):
            values = rows.values[:, 6 * place : 6 * place + 6]
            user = f"u{number:02d}"
            yield even_track(rows.number, values, rows.text, RATE, user, position, DEVICE)
