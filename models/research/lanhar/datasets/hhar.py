"""HHAR (Stisen et al. 2015): phones at the waist and watches of six models, 9 users, 50 to 200 Hz.

`Phones_accelerometer.csv`, `Phones_gyroscope.csv` and the same of `Watch_` have the columns Index,
Arrival_Time (ms), Creation_Time (ns), x, y, z (m/s² or rad/s), User, Model, Device and gt. Rows of
devices and users are mixed, and not always in order of time. `null` is no activity. Times are those
of the device's clock, Creation_Time, which may stop while the device sleeps, plus the sleeps found
in Arrival_Time; or Arrival_Time, if Creation_Time is not a clock.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from models.recordings.imports.motion.two_clocks import sleeps
from models.recordings.report import SetReport
from models.research.lanhar.datasets.tracks import SensorTrack, windows_of
from models.research.lanhar.interpretation.windows import Windows, WindowsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

KINDS = {"phone": "Phones", "watch": "Watch"}
POSITIONS = {"phone": "waist pouch", "watch": "wrist"}
_COLUMNS = ("Arrival_Time", "Creation_Time", "x", "y", "z", "User", "Model", "Device", "gt")
_NO_ACTIVITY = ("null", "")
_RATES = (50.0, 100.0, 150.0, 200.0)


@dataclass
class _Readings:
    """One sensor of one device on one user."""

    arrival: array[float] = field(default_factory=lambda: array("d"))
    creation: array[float] = field(default_factory=lambda: array("d"))
    xyz: array[float] = field(default_factory=lambda: array("f"))
    label: array[int] = field(default_factory=lambda: array("B"))


def read(root: Path, kinds: Sequence[str] = ("phone", "watch")) -> tuple[Windows, SetReport]:
    """Read phones, watches or both; the files may be in a folder below `root`."""
    report = SetReport()
    for kind in kinds:
        if kind not in KINDS:
            raise WindowsError(f"kind {kind!r} is unknown; expected {', '.join(KINDS)}")
    known = sorted(root.rglob("*_accelerometer.csv"))
    if not known:
        raise WindowsError(
            f"data set {str(root)!r} has no Phones_accelerometer.csv; expected Activity "
            "recognition exp"
        )
    tracks = (track for kind in kinds for track in _tracks(known[0].parent, kind, report))
    return windows_of("hhar", tracks, report), report


def _tracks(folder: Path, kind: str, report: SetReport) -> Iterator[SensorTrack]:
    labels: list[str] = [""]
    acc, gyro = (
        _readings(folder / f"{KINDS[kind]}_{sensor}.csv", labels, report)
        for sensor in ("accelerometer", "gyroscope")
    )
    names = np.array(labels, dtype=np.str_)
    for key in sorted(acc.keys() & gyro.keys()):
        user, model, device = key
        acc_s, gyro_s = _times(acc[key], gyro[key])
        yield SensorTrack(
            acc_s,
            np.array(acc[key].xyz, np.float64).reshape(-1, 3),
            gyro_s,
            np.array(gyro[key].xyz, np.float64).reshape(-1, 3),
            names[np.array(acc[key].label)],
            _rate(acc_s),
            user,
            POSITIONS[kind],
            f"{model} ({device})",
        )


def _readings(
    path: Path, labels: list[str], report: SetReport
) -> dict[tuple[str, str, str], _Readings]:
    report.read_again(path)
    by_device: dict[tuple[str, str, str], _Readings] = {}
    if not path.is_file():
        report.missing(path)
        return by_device
    codes = {label: code for code, label in enumerate(labels)}
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        header = file.readline().strip().split(",")
        lacking = [name for name in _COLUMNS if name not in header]
        if lacking:
            report.skip(path, f"has no column {', '.join(lacking)}")
            return by_device
        order = [header.index(name) for name in _COLUMNS]
        least = max(order) + 1
        # Ten million lines, so they are not kept in a list.
        rows = tqdm(file, desc=path.stem, unit="row", mininterval=5, disable=None)
        for number, line in enumerate(rows, 2):
            fields = line.rstrip("\r\n").split(",")
            if len(fields) < least:
                if line.strip():
                    report.bad_row(path, number, "cut", line.strip())
                continue
            at, made, x, y, z, user, model, device, label = (fields[place] for place in order)
            try:
                values = (float(at), float(made), float(x), float(y), float(z))
            except ValueError:
                report.bad_row(path, number, "not a number", line.strip())
                continue
            if not all(map(isfinite, values)):
                report.bad_row(path, number, "not finite", line.strip())
                continue
            label = "" if label in _NO_ACTIVITY else label
            if label not in codes:
                codes[label] = len(labels)
                labels.append(label)
            readings = by_device.setdefault((user, model, device), _Readings())
            readings.arrival.append(values[0])
            readings.creation.append(values[1])
            readings.xyz.extend(values[2:])
            readings.label.append(codes[label])
    return by_device


def _times(acc: _Readings, gyro: _Readings) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return seconds of both sensors from the first row on, by the more reliable clock.

    That is Creation_Time plus the sleeps found in Arrival_Time, or else Arrival_Time.
    """
    made = [np.array(one.creation) for one in (acc, gyro)]
    came = [np.array(one.arrival) for one in (acc, gyro)]
    first_made, first_came = (min(part.min() for part in parts) for parts in (made, came))
    made = [(part - first_made) * 1e-9 for part in made]
    came = [(part - first_came) * 1e-3 for part in came]
    slept = sleeps(made[0], came[0])
    if slept is None or sleeps(made[1], came[1]) is None:
        return came[0], came[1]
    return slept.add(made[0]), slept.add(made[1])


def _rate(times: NDArray[np.float64]) -> float:
    """Return the nominal rate nearest to the typical step."""
    steps = np.diff(np.unique(times))
    if not len(steps):
        return _RATES[0]
    typical = 1 / float(np.median(steps))
    return min(_RATES, key=lambda rate: abs(np.log(rate / typical)))
