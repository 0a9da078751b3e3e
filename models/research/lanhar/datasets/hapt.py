"""HAPT (Reyes-Ortiz et al. 2016): UCI HAR's raw recordings with changes of posture, 50 Hz.

`RawData/acc_expEE_userUU.txt` (g) and `gyro_expEE_userUU.txt` (rad/s) have x, y and z per row;
`labels.txt` has experiment, user, activity, first and last row (counted from 1). Changes of posture
are shorter than six seconds and are skipped; `models.research.lanhar.interpretation.windows` cuts
windows around them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.recordings.report import SetReport
from models.research.lanhar.datasets.rows import NumberedRows, read_rows
from models.research.lanhar.datasets.tracks import G, SensorTrack, even_track, windows_of
from models.research.lanhar.datasets.uci_har import ACTIVITIES as STATIC
from models.research.lanhar.datasets.uci_har import DEVICE, POSITION, RATE
from models.research.lanhar.interpretation.windows import Windows, WindowsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACTIVITIES = {
    **STATIC,
    7: "STAND_TO_SIT",
    8: "SIT_TO_STAND",
    9: "SIT_TO_LIE",
    10: "LIE_TO_SIT",
    11: "STAND_TO_LIE",
    12: "LIE_TO_STAND",
}


def read(root: Path) -> tuple[Windows, SetReport]:
    """Read every recording that `labels.txt` names."""
    report = SetReport()
    base = root / "RawData" if (root / "RawData").is_dir() else root
    labels = read_rows(base / "labels.txt", range(5), report)
    if labels is None:
        raise WindowsError(f"data set {str(root)!r} has no RawData/labels.txt ({report})")
    return windows_of("hapt", _tracks(base, labels, report), report), report


def _tracks(base: Path, labels: NumberedRows, report: SetReport) -> Iterator[SensorTrack]:
    intervals = labels.values.astype(int)
    for experiment, user in dict.fromkeys(map(tuple, intervals[:, :2])):
        stem = f"exp{experiment:02d}_user{user:02d}.txt"
        acc, gyro = (
            read_rows(base / f"{sensor}_{stem}", range(3), report) for sensor in ("acc", "gyro")
        )
        if acc is None or gyro is None:
            continue
        common = np.intersect1d(acc.number, gyro.number)
        chosen = [rows.values[np.searchsorted(rows.number, common)] for rows in (acc, gyro)]
        values = np.concatenate([chosen[0] * G, chosen[1]], axis=1)
        label = np.full(len(common), "", dtype="<U24")
        for row, (of, by, code, first, last) in zip(labels.number, intervals, strict=True):
            if (of, by) != (experiment, user):
                continue
            if code not in ACTIVITIES:
                report.bad_row(base / "labels.txt", int(row) + 1, "unknown activity", str(code))
                continue
            label[(common >= first - 1) & (common <= last - 1)] = ACTIVITIES[code]
        yield even_track(common, values, label, RATE, f"u{user:02d}", POSITION, DEVICE)
