"""Writes tiny data sets in the layouts of UCI HAR, HAPT, HHAR, MotionSense, Shoaib and PAMAP2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

G = 9.80665


def motion(seconds: float, rate: float, hz: float = 1.8) -> np.ndarray:
    """Return (n, 6) m/s² and rad/s: gravity on y, steps of 2 m/s² on it, a turn about z."""
    t = np.arange(round(seconds * rate)) / rate
    rows = np.zeros((len(t), 6))
    rows[:, 1] = 9.81 + 2 * np.sin(2 * np.pi * hz * t)
    rows[:, 5] = 0.5 * np.cos(2 * np.pi * hz * t)
    return rows


def uci_har(root: Path, runs: Sequence[tuple[int, int, float]], part: str = "train") -> Path:
    """Write runs of (user, activity, seconds) as overlapping windows of 128 readings."""
    folder = root / "UCI HAR Dataset" / part
    (folder / "Inertial Signals").mkdir(parents=True, exist_ok=True)
    windows, users, codes = [], [], []
    for user, code, seconds in runs:
        rows = motion(seconds, 50)
        for first in range(0, len(rows) - 127, 64):
            windows.append(rows[first : first + 128])
            users.append(user)
            codes.append(code)
    data = np.stack(windows)
    for column, name in enumerate(f"{s}_{a}" for s in ("total_acc", "body_gyro") for a in "xyz"):
        values = data[..., column] / (G if column < 3 else 1)
        path = folder / "Inertial Signals" / f"{name}_{part}.txt"
        np.savetxt(path, values, fmt=" %.7e", delimiter=" ")
    np.savetxt(folder / f"y_{part}.txt", codes, fmt="%d")
    np.savetxt(folder / f"subject_{part}.txt", users, fmt="%d")
    return folder


def hapt(root: Path, intervals: Sequence[tuple[int, int, int, int, int]]) -> Path:
    """Write 60 s for each recording that the intervals of `labels.txt` name."""
    folder = root / "RawData"
    folder.mkdir(parents=True)
    for experiment, user in {interval[:2] for interval in intervals}:
        rows = motion(60, 50)
        stem = f"exp{experiment:02d}_user{user:02d}.txt"
        np.savetxt(folder / f"acc_{stem}", rows[:, :3] / G, fmt="%.16f")
        np.savetxt(folder / f"gyro_{stem}", rows[:, 3:], fmt="%.16f")
    np.savetxt(folder / "labels.txt", np.array(intervals), fmt="%d")
    return folder


def motionsense(root: Path, trial: str, user: int, seconds: float) -> Path:
    """Write one trial as CoreMotion says it: gravity points down, the user's part is turned too."""
    rows = motion(seconds, 50)
    gravity = np.tile([0, -9.81 / G, 0], (len(rows), 1))
    own = -rows[:, :3] / G - gravity
    values = np.concatenate([np.zeros((len(rows), 3)), gravity, rows[:, 3:], own], axis=1)
    names = ["attitude.roll", "attitude.pitch", "attitude.yaw"]
    for what in ("gravity", "rotationRate", "userAcceleration"):
        names += [f"{what}.{axis}" for axis in "xyz"]
    path = root / "A_DeviceMotion_data" / "A_DeviceMotion_data" / trial / f"sub_{user}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [",".join(["", *names])]
    lines += [f"{i}," + ",".join(f"{v:.6f}" for v in row) for i, row in enumerate(values)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def shoaib(root: Path, number: int, activities: Sequence[tuple[str, float]]) -> Path:
    """Write a participant whose phones differ by the rate of their steps."""
    lines = [",".join(["Left_pocket"] + [""] * 69), ",".join(["time_stamp", "Ax"] + [""] * 68)]
    at = 0
    for activity, seconds in activities:
        phones = [motion(seconds, 50, hz) for hz in (1.5, 1.6, 1.7, 1.8, 1.9)]
        for index in range(len(phones[0])):
            fields: list[str] = []
            for phone in phones:
                acc, gyro = phone[index, :3], phone[index, 3:]
                block = [*acc, *(acc - [0, 9.81, 0]), *gyro, 30.0, -10.0, 5.0]
                fields += [str(1_390_000_000_000 + 20 * at), *(f"{v:.5f}" for v in block), ""]
            fields[-1] = activity
            lines.append(",".join(fields))
            at += 1
    path = root / "DataSet" / f"Participant_{number}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def pamap2(root: Path, subject: int, activities: Sequence[tuple[int, float]]) -> Path:
    """Write a subject with 54 columns; the heart rate is there in every tenth row only."""
    rows = []
    t = 8.38
    for code, seconds in activities:
        places = [motion(seconds, 100, hz) for hz in (1.6, 1.8, 2.0)]
        for index in range(len(places[0])):
            row = [t, code, 100.0 if index % 10 == 0 else np.nan]
            for place in places:
                acc, gyro = place[index, :3], place[index, 3:]
                row += [30.0, *acc, *(acc + 0.1), *gyro, 10.0, 20.0, 30.0, 1.0, 0.0, 0.0, 0.0]
            rows.append(row)
            t += 0.01
    path = root / "PAMAP2_Dataset" / "Protocol" / f"subject{subject}.dat"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savetxt(path, np.array(rows), fmt="%.6g" if t < 0 else "%.8g", delimiter=" ")
    return path


HHAR_HEADER = "Index,Arrival_Time,Creation_Time,x,y,z,User,Model,Device,gt"


def hhar(
    folder: Path,
    devices: Sequence[tuple[str, str, str, float]],
    activities: Sequence[tuple[str, float]],
    kind: str = "Phones",
    good_clock: bool = True,
) -> None:
    """Write both sensors of (user, model, device, rate), their rows mixed as the archive has them.

    A bad clock counts milliseconds where it should count nanoseconds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for sensor, part in (("accelerometer", slice(0, 3)), ("gyroscope", slice(3, 6))):
        lines = []
        for user, model, device, rate in devices:
            seconds = sum(length for _, length in activities)
            rows = motion(seconds, rate)
            borders = np.cumsum([length for _, length in activities])
            for index, row in enumerate(rows):
                t = index / rate + (0.003 if sensor == "gyroscope" else 0.0)
                label = (
                    activities[int(np.searchsorted(borders, t, "right").clip(0, 99) % 99)][0]
                    if (t < seconds)
                    else activities[-1][0]
                )
                made = round(t * (1e9 if good_clock else 1e3)) + 27_920_678_471
                x, y, z = row[part]
                lines.append(
                    (
                        t,
                        f"{1_424_696_633_908 + round(1e3 * t)},{made},{x:.6f},{y:.6f},{z:.6f},"
                        f"{user},{model},{device},{label}",
                    )
                )
        # Devices take turns, and some rows come late.
        order = sorted(range(len(lines)), key=lambda i: (round(lines[i][0], 1), i % 3, i))
        text = [f"{number},{lines[i][1]}" for number, i in enumerate(order)]
        path = folder / f"{kind}_{sensor}.csv"
        path.write_text("\n".join([HHAR_HEADER, *text]) + "\n", encoding="utf-8")
