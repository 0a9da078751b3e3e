"""Recordings of `wearer.walk` as the programs of research wearables export them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from tests.models.recordings.imports.motion.wearer import START_S, G, walk

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SECONDS = 60.0
RATE_HZ = 100.0
BIDS_STEM = "sub-01_task-walk_tracksys-imu"
ACTIGRAPH_NAMES = "Accelerometer X,Accelerometer Y,Accelerometer Z\n"


def dates(times: NDArray[np.float64], point: str = ".", offset_s: float = 0.0) -> list[str]:
    """Return times (n,) s as 2026-03-02 08:00:00.020, with `point` before the milliseconds."""
    moments = (datetime.fromtimestamp(START_S + offset_s + t, UTC) for t in np.round(times, 3))
    return [f"{m:%Y-%m-%d %H:%M:%S}{point}{round(m.microsecond / 1000):03d}" for m in moments]


def rows(*columns: NDArray[np.float64] | list[str], delimiter: str = ",") -> str:
    """Return columns as text without a header."""
    return "".join(
        delimiter.join(v if isinstance(v, str) else f"{v:.9g}" for v in row) + "\n"
        for row in zip(*columns, strict=True)
    )


def axivity(folder: Path) -> Path:
    """An AX6 by OmGui: dates, g and °/s, no header."""
    times, values = walk(SECONDS, RATE_HZ)
    path = folder / "6012345.csv"
    path.write_text(rows(dates(times), *values[:, :3].T / G, *np.degrees(values[:, 3:]).T))
    return path


def geneactiv_preamble(rate: str = "100.0 Hz", zone: str = "GMT +01:00") -> str:
    """Return the 100 lines before the samples."""
    entries = {
        1: "Device Type,GENEActiv",
        2: "Device Model,1.2",
        3: "Device Unique Serial Code,023123",
        5: "Calibration Date,2020-01-01 00:00:00:000",
        11: f"Measurement Frequency,{rate}",
        12: "Start Time,2026-03-02 09:00:00:000",
        14: "Device Location Code,left wrist",
        15: f"Time Zone,{zone}",
        50: "Sensor type,MEMS accelerometer x-axis",
        53: "Units,g",
    }
    return "".join(entries.get(line, "") + "\n" for line in range(1, 101))


def geneactiv(folder: Path) -> Path:
    """GENEActiv PC Software: 100 lines, local time, g, light, button and temperature."""
    times, values = walk(SECONDS, RATE_HZ)
    path = folder / "left wrist_023123_2026-03-03.csv"
    local = dates(times, ":", 3_600)
    rest = (times * 0 + 10, times * 0, times * 0 + 25.1)
    path.write_text(geneactiv_preamble() + rows(local, *values[:, :3].T / G, *rest))
    return path


def actigraph_preamble(
    rate: str = " at 100 Hz", form: str = "M/d/yyyy", date: str | None = "3/2/2026"
) -> str:
    """Return the ten lines before the samples."""
    start = "" if date is None else f"Start Date {date}\n"
    return (
        "------------ Data File Created By ActiGraph GT3X+ ActiLife v6.13.3 Firmware v2.5.0 "
        f"date format {form}{rate}  Filter Normal -----------\n"
        f"Serial Number: CLE2B21130055\nStart Time 08:00:00\n{start}"
        "Epoch Period (hh:mm:ss) 00:00:00\nDownload Time 13:26:52\nDownload Date 3/3/2026\n"
        "Current Memory Address: 0\nCurrent Battery Voltage: 4.02     Mode = 12\n"
        "--------------------------------------------------\n"
    )


def actigraph(folder: Path) -> Path:
    """ActiLife's raw export: no times, g."""
    _, values = walk(SECONDS, RATE_HZ)
    path = folder / "CLE2B21130055RAW.csv"
    path.write_text(actigraph_preamble() + ACTIGRAPH_NAMES + rows(*values[:, :3].T / G))
    return path


def bids_channels(latency: bool = False) -> str:
    """Return a `*_channels.tsv` of an IMU's six channels, perhaps with LATENCY first."""
    lines = ["name\tcomponent\ttype\ttracked_point\tunits"]
    lines += ["latency\tn/a\tLATENCY\tn/a\ts"] if latency else []
    for name, kind, unit in (("acc", "ACCEL", "m/s^2"), ("gyro", "GYRO", "deg/s")):
        lines += [f"{name}_{axis}\t{axis}\t{kind}\tRightWrist\t{unit}" for axis in "xyz"]
    return "\n".join(lines) + "\n"


def bids(folder: Path) -> Path:
    """A subject's IMU: channels and rate beside the samples, the start in a folder above."""
    _, values = walk(SECONDS, RATE_HZ)
    motion = folder / "study" / "sub-01" / "motion"
    motion.mkdir(parents=True)
    text = rows(*values[:, :3].T, *np.degrees(values[:, 3:]).T, delimiter="\t")
    (motion / f"{BIDS_STEM}_motion.tsv").write_text(text)
    (motion / f"{BIDS_STEM}_channels.tsv").write_text(bids_channels())
    (motion / f"{BIDS_STEM}_motion.json").write_text(json.dumps({"SamplingFrequency": RATE_HZ}))
    scans = f"filename\tacq_time\nmotion/{BIDS_STEM}_motion.tsv\t2026-03-02T08:00:00Z\n"
    (motion.parent / "sub-01_scans.tsv").write_text(scans)
    return folder / "study"
