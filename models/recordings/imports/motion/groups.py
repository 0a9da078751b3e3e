"""Groups motion files by device: some makers write each sensor to a separate file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.recordings.imports.motion.columns import SHORT_NAME, stem_of
from models.recordings.imports.motion.file_header import header_columns

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from models.recordings.imports.motion.columns import Columns

_SENSOR_WORDS = re.compile(
    r"total|raw|uncalibrated|calibrated|linear|user|accelerometer|acceleration|accel|acc|gyroscope"
    r"|gyro|gyr|angularvelocity|rotationrate|gravity|motion"
)
_RATE = re.compile(r"\d+(\.\d+)?hz.*$")


@dataclass(frozen=True)
class MotionGroup:
    """Files that `read_motion(files[0], files[1:])` reads as one device's motion.

    `device` is what their names have besides the sensor's: `watch` for `WatchAccelerometer.csv`,
    empty for `Accelerometer.csv`.
    """

    device: str
    files: tuple[Path, ...]


def motion_groups(
    paths: Iterable[Path],
) -> tuple[list[MotionGroup], list[tuple[Path, str]]]:
    """Return the groups among `paths`, and (path, reason) of motion files that are not needed.

    Other files are in neither. A file with acceleration and rotation is a group of its own.
    """
    apart: dict[tuple[Path, str], list[tuple[Path, Columns]]] = {}
    groups: list[MotionGroup] = []
    unused: list[tuple[Path, str]] = []
    for path in sorted(paths):
        columns = header_columns(path)
        if columns is None:
            continue
        device = _date_of(path) if columns.by_units else device_of(path)
        if "gyro" in columns.triples and {"acc", "linear"} & set(columns.triples):
            groups.append(MotionGroup(device, (path,)))
        else:
            # RADAR-base: a folder for each sensor, in it a file for each hour.
            folder = path.parent if stem_of(path) == path.stem else path.parent.parent
            apart.setdefault((folder, device), []).append((path, columns))
    for (_, device), files in apart.items():
        group, rest = _one_device(device, files)
        unused += rest
        groups += group
    return sorted(groups, key=lambda group: group.files), unused


def device_of(path: Path) -> str:
    """Return a file's name without the sensor, the rate and whatever follows."""
    name = SHORT_NAME.sub("", _RATE.sub("", path.stem.lower()))
    return re.sub(r"[^a-z0-9.]+", "-", _SENSOR_WORDS.sub("", name)).strip("-.")


def _date_of(path: Path) -> str:
    """Return a file's name without its words, which name the sensor in another language."""
    return re.sub(r"\D+", "-", path.stem).strip("-")


def _one_device(
    device: str, files: list[tuple[Path, Columns]]
) -> tuple[list[MotionGroup], list[tuple[Path, str]]]:
    acc = [(p, c) for p, c in files if {"acc", "linear"} & set(c.triples)]
    gyro = [p for p, c in files if "gyro" in c.triples]
    gravity = [p for p, c in files if set(c.triples) == {"gravity"}]
    if not acc:
        reason = "has no acceleration beside it"
        return [], [(path, reason) for path in (*gyro, *gravity)]
    # Several files of one sensor without a gyroscope are separate recordings, not alternatives.
    if len({_plain(path) for path, _ in acc}) == 1 and len(acc) > 1 and not gyro:
        return [MotionGroup(device, (path, *gravity)) for path, _ in acc], []
    best = min(acc, key=lambda item: _rank(item[0], item[1], bool(gravity)))
    lead = best[0]
    used = [lead]
    needs_gravity = "total" not in lead.stem.lower() and "uncal" not in lead.stem.lower()
    if gravity and needs_gravity:
        used.append(gravity[0])
    used += sorted(gyro, key=lambda path: ("uncal" in path.stem.lower(), path))[:1]
    unused = [
        (path, f"holds the same motion as {lead.name}") for path, _ in files if path not in used
    ]
    return [MotionGroup(device, tuple(used))], unused


def _plain(path: Path) -> str:
    return re.sub(r"[^a-z]", "", path.stem.lower())


def _rank(path: Path, columns: Columns, gravity: bool) -> tuple[int, str]:
    """Sort files of one acceleration: first the one with gravity, as corrected by the maker."""
    name = path.stem.lower()
    if "total" in name:
        return 0, name
    if "linear" in columns.triples:
        return (1 if gravity else 4), name
    if "uncal" in name:
        return 2, name
    # Sensor Logger's plain Accelerometer.csv lacks gravity.
    lacks = {time.name for time in columns.times} >= {"time", "seconds_elapsed"}
    return (3 if lacks and not gravity else 1), name
