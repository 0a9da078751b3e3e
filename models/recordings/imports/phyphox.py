"""The metadata of phyphox: `meta/time.csv` and `meta/device.csv`.

The `Time (s)` of its tables counts from the first start and stops while the experiment is paused;
each START of `meta/time.csv` has the time of day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.recordings.imports.side_table import number, read_side_table

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TIME_NAME = "time.csv"
DEVICE_NAME = "device.csv"
FOLDER_NAME = "meta"


@dataclass(frozen=True, eq=False)
class ExperimentClock:
    """Starts (n,) of an experiment on its own clock, s, ascending, and in seconds since 1970."""

    experiment_s: NDArray[np.float64]
    system_s: NDArray[np.float64]

    def at(self, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert times of the experiment (n,) in s to seconds since 1970."""
        last = np.searchsorted(self.experiment_s, times_s, side="right") - 1
        start = np.maximum(last, 0)
        shifted: NDArray[np.float64] = times_s - self.experiment_s[start] + self.system_s[start]
        return shifted


def read_clock(path: Path) -> ExperimentClock | None:
    """Read a `meta/time.csv`; None if it has no start.

    Raises `RecordingError` if it cannot be read.
    """
    starts = []
    for _, row in read_side_table(path):
        begun, at = number(row.get("experiment time")), number(row.get("system time"))
        if row.get("event", "").upper() == "START" and begun is not None and at is not None:
            starts.append((begun, at))
    if not starts or not np.isfinite(starts).all():
        return None
    times = np.array(sorted(starts))
    return ExperimentClock(times[:, 0], times[:, 1])


def read_device(path: Path) -> str | None:
    """Return the phone's model from a `meta/device.csv`, None if absent."""
    rows = {
        row.get("property", "").lower(): row.get("value", "") for _, row in read_side_table(path)
    }
    return rows.get("devicemodel") or None
