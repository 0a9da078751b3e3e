"""BIDS motion: `*_motion.tsv` has no header, the files beside and above it name what it holds.

`*_channels.tsv` names the columns with sensor, axis and unit, `*_motion.json` the rate, and
`*_scans.tsv` the start (`acq_time`); a channel LATENCY gives each row's time from the start. A file
of a folder above holds for all files whose names have its parts (`task-walk_motion.json`).
Specification: Brain Imaging Data Structure, Motion.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from models.recordings.imports.motion.columns import Columns, TimeColumn, Triple
from models.recordings.imports.motion.dates import parse_date
from models.recordings.imports.motion.delimited_table import read_text, split_lines, table_of
from models.recordings.imports.motion.headerless import HeaderlessTable
from models.recordings.imports.motion.unit_names import unit_of
from models.recordings.imports.motion.worn_at import position_in_words
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.recordings.imports.motion.columns import Sensor
    from models.recordings.skipped_rows import SkippedRows

SUFFIX = "_motion.tsv"
_CHANNELS, _MOTION, _SCANS = "channels.tsv", "motion.json", "scans.tsv"
_SENSORS: tuple[tuple[Sensor, str], ...] = (("acc", "ACCEL"), ("gyro", "GYRO"))
_MAX_RATE_HZ = 1e6
_ANONYMOUS_BEFORE = 1925  # dates are shifted there, so that they identify no subject


def bids_table(
    path: Path, lines: list[str], left_out: SkippedRows, nul: bool
) -> HeaderlessTable | None:
    """Return the columns of a `*_motion.tsv`, None for another file.

    Raises `RecordingError` with what the files around it lack.
    """
    if not path.name.endswith(SUFFIX):
        return None
    channels, where = _channels(path)
    table = table_of(lines, (-1, "\t", tuple(row["name"] for row in channels)), left_out, nul)
    if table.shift or table.width not in (len(channels), len(channels) + 1):
        raise RecordingError(
            f"is BIDS motion of {table.width} columns, but {where} names {len(channels)}"
        )
    triples, point, others = _sensors(channels)
    start_s, warnings = _start(path)
    if others:
        warnings.append(f"is read at {point}; not at {', '.join(others)}")
    latency = next((i for i, row in enumerate(channels) if row["type"] == "LATENCY"), None)
    rate_hz = _rate(path) if latency is None else None
    name = "acq_time" if latency is None else channels[latency]["name"]
    time = TimeColumn(-1 if latency is None else latency, name, "s")
    return HeaderlessTable(
        "bids",
        table,
        Columns((time,), triples),
        rate_hz,
        start_s,
        tuple(warnings),
        position_in_words(point),
    )


def subject_of(name: str) -> str | None:
    """Return `sub-01` of a file's name, None if it has none."""
    match = re.match(r"sub-[A-Za-z0-9]+", name)
    return None if match is None else match[0]


def sidecars_of(path: Path) -> list[Path]:
    """Return the files that describe a `*_motion.tsv`, the nearest of each kind first."""
    endings = (_CHANNELS, _MOTION, _SCANS, "channels.json")
    return [sidecar for ending in endings for sidecar in _sidecars(path, ending)]


def _sidecars(path: Path, ending: str) -> list[Path]:
    parts = set(path.name.removesuffix(SUFFIX).split("_"))
    return [
        candidate
        for folder in _folders(path)
        for candidate in sorted(folder.glob(f"*{ending}"), key=lambda p: (-len(p.name), p.name))
        if candidate.name == ending
        or (
            candidate.name.endswith(f"_{ending}")
            and set(candidate.name.removesuffix(f"_{ending}").split("_")) <= parts
        )
    ]


def _folders(path: Path) -> list[Path]:
    """Return the folders from a file's up to the data set's; its own alone outside of a subject."""
    parents = list(path.parents)
    subject = next((i for i, p in enumerate(parents) if p.name.startswith("sub-")), None)
    return parents[:1] if subject is None else parents[: subject + 2]


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        text, _ = read_text(path)
    except OSError as error:
        raise RecordingError(f"is BIDS motion, but {path.name} cannot be read: {error}") from error
    rows = [
        [field.strip(' "') for field in line.split("\t")]
        for line in split_lines(text)
        if line.strip()
    ]
    return [dict(zip(rows[0], row, strict=False)) for row in rows[1:]]


def _channels(path: Path) -> tuple[list[dict[str, str]], str]:
    """Return the rows of the nearest `*_channels.tsv`, and its name."""
    sidecar = next(iter(_sidecars(path, _CHANNELS)), None)
    if sidecar is None:
        raise RecordingError(
            f"is BIDS motion, but lacks {path.name.removesuffix(SUFFIX)}_{_CHANNELS}, which names "
            "its columns"
        )
    rows = _rows(sidecar)
    needed = ("name", "type", "component", "units")
    lacking = [name for name in needed if not rows or name not in rows[0]]
    if lacking:
        raise RecordingError(f"is BIDS motion, but {sidecar.name} has no {', '.join(lacking)}")
    channels = [{name: row.get(name, "") for name in (*needed, "tracked_point")} for row in rows]
    return [{**row, "type": row["type"].upper()} for row in channels], sidecar.name


def _sensors(
    channels: Sequence[dict[str, str]],
) -> tuple[dict[Sensor, Triple], str, list[str]]:
    """Return the sensors of the first point with the most of them, its name and the others'."""
    points = dict.fromkeys(row["tracked_point"] for row in channels)
    sensors = {point: _at_point(channels, point) for point in points}
    measured = [point for point, triples in sensors.items() if "acc" in triples]
    if not measured:
        types = ", ".join(dict.fromkeys(row["type"] for row in channels))
        raise RecordingError(
            f"is BIDS motion without acceleration: its channels are {types}; expected ACCEL with "
            "the components x, y and z"
        )
    first = next((point for point in measured if "gyro" in sensors[point]), measured[0])
    return sensors[first], first, [point for point in measured if point != first]


def _at_point(channels: Sequence[dict[str, str]], point: str) -> dict[Sensor, Triple]:
    triples: dict[Sensor, Triple] = {}
    for sensor, kind in _SENSORS:
        axes: dict[str, tuple[int, dict[str, str]]] = {}
        for index, row in enumerate(channels):
            if row["tracked_point"] == point and row["type"] == kind:
                axes.setdefault(row["component"].lower(), (index, row))
        if not {"x", "y", "z"} <= set(axes):
            continue
        (x, row_x), (y, row_y), (z, row_z) = (axes[axis] for axis in "xyz")
        units = {row["units"] for row in (row_x, row_y, row_z)} - {"n/a", ""}
        unit = units.pop() if len(units) == 1 else None
        factor = unit_of(unit, "gyro" if sensor == "gyro" else "acc") if unit else None
        names = (row_x["name"], row_y["name"], row_z["name"])
        triples[sensor] = Triple(sensor, (x, y, z), names, unit, factor)
    return triples


def _rate(path: Path) -> float:
    for sidecar in _sidecars(path, _MOTION):
        try:
            about = json.loads(sidecar.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as error:
            raise RecordingError(
                f"is BIDS motion, but {sidecar.name} is not JSON: {error}"
            ) from error
        rate = about.get("SamplingFrequency") if isinstance(about, dict) else None
        if isinstance(rate, int | float) and rate is not True and 0 < rate < _MAX_RATE_HZ:
            return float(rate)
        if rate is not None:
            raise RecordingError(
                f"is BIDS motion, but SamplingFrequency in {sidecar.name} is {str(rate)[:40]!r}; "
                "expected a number of Hz"
            )
    raise RecordingError(
        f"is BIDS motion, but no {path.name.removesuffix(SUFFIX)}_{_MOTION} gives "
        "SamplingFrequency, Hz, and no channel is LATENCY"
    )


def _start(path: Path) -> tuple[float | None, list[str]]:
    """Return the start, s since 1970, or None, with what is assumed of it or lacks."""
    for sidecar in _sidecars(path, _SCANS):
        for row in _rows(sidecar):
            text = row.get("acq_time", "n/a")
            if row.get("filename", "").rpartition("/")[2] != path.name or text.lower() == "n/a":
                continue
            try:
                seconds = parse_date(text)
                year = int(text[:4])
            except ValueError as error:
                raise RecordingError(
                    f"is BIDS motion, but acq_time in {sidecar.name} is {text[:40]!r}; expected "
                    "2026-03-02T08:00:00"
                ) from error
            if year < _ANONYMOUS_BEFORE:
                return None, [f"acq_time {text!r} is made anonymous: the start is unknown"]
            zoned = re.search(r"(Z|[+-]\d\d:?\d\d)$", text) is not None
            return seconds, [] if zoned else ["acq_time names no time zone: taken as UTC"]
    return None, ["no *_scans.tsv gives acq_time: the start is unknown"]
