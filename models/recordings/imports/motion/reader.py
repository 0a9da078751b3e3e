"""Reads a motion file of any maker, or several files of one device, as evenly sampled segments."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from models.recordings.imports.motion.combine import align, with_gravity
from models.recordings.imports.motion.file_header import header_columns
from models.recordings.imports.motion.hints import NO_HINTS, Hints
from models.recordings.imports.motion.motion_file import MotionFile, Stretch
from models.recordings.imports.motion.sample_rate import (
    even,
    rate_and_stretches,
    typical_step_s,
)
from models.recordings.imports.motion.sensor_file import SensorFile, read_sensor_file
from models.recordings.imports.motion.turning import measured_unit
from models.recordings.imports.motion.two_clocks import on_the_sensors_clock
from models.recordings.imports.motion.unit_names import G
from models.recordings.imports.motion.units import gyro_factor, reachable, rest_norm
from models.recordings.protocol import RecordingError
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.recordings.imports.motion.columns import Sensor

TURNED = "acceleration points down at rest, as an iPhone's does: turned round"


def is_motion(path: Path) -> bool:
    """Return whether a file's first lines have time and one motion sensor; never raises."""
    return header_columns(path) is not None


def read_motion(
    path: Path,
    others: Sequence[Path] = (),
    now: Callable[[], float] = time.time,
    hints: Hints = NO_HINTS,
) -> MotionFile:
    """Read `path` and the other files of the same device (gyroscope, gravity), merged by time.

    `now` gives the wall clock, s: dates more than a day after it are refused. Raises
    `RecordingError` in one line that names the file and the cause.
    """
    files = []
    for one in (path, *others):
        try:
            files.append(read_sensor_file(one, now(), hints.clock))
        except RecordingError as error:
            raise RecordingError(f"{one.name} {error}") from error
        except OSError as error:
            raise RecordingError(f"{one.name} cannot be read: {error.strerror}") from error
    try:
        return _motion(on_the_sensors_clock(files), hints)
    except RecordingError as error:
        raise RecordingError(f"{path.name} {error}") from error


def _motion(files: list[SensorFile], hints: Hints) -> MotionFile:
    lead = next((f for f in files if "acc" in f.values or "linear" in f.values), None)
    if lead is None:
        raise RecordingError("has no acceleration; a gyroscope alone is not enough")
    warnings = [
        warning for one in files for warning in _with_file_name(one, one.warnings, len(files) > 1)
    ]
    lead = _in_units_of(lead, hints)
    gyro, gravity = _holder(lead, files, "gyro"), _holder(lead, files, "gravity")
    values, value_warnings = _values(lead, gravity, hints)
    warnings += value_warnings
    times, values = _reachable_rows(lead, values)
    rate, timings = rate_and_stretches(times)
    stretches = [(timing.start_s, even(times, values, timing, rate)) for timing in timings]
    has_gyro = gyro is lead
    if gyro is not None and not has_gyro:
        merged = align(lead, gyro, stretches, rate)
        warnings += merged.warnings
        stretches, has_gyro = merged.stretches, merged.has_gyro
    if not has_gyro:
        warnings.append("has no gyroscope: its three columns are zero")
    return MotionFile(
        path=files[0].path,
        start_ns=lead.start_ns,
        stretches=tuple(
            Stretch(round(start * NS), rate, part.astype(np.float32)) for start, part in stretches
        ),
        gyroscope=has_gyro,
        warnings=tuple(warnings),
        rows_left_out=_rows_left_out(files),
        examples=tuple(
            text
            for one in files
            for text in _with_file_name(one, one.left_out.examples, len(files) > 1)
        ),
        first_ns=lead.first_ns,
        parts=tuple(one.path for one in files),
        position=lead.position,
    )


def _values(
    lead: SensorFile, gravity: SensorFile | None, hints: Hints
) -> tuple[NDArray[np.float64], list[str]]:
    """Return acc m/s² and gyro rad/s (n, 6) of the rows of `lead`, with warnings.

    The gyroscope's columns are zero where another file has them.
    """
    values = np.zeros((len(lead.times), 6))
    scale, warnings = with_gravity(lead, gravity, values, hints.standardised)
    if hints.turned:
        values[:, :3] *= -1
        warnings = [*warnings, TURNED]
    if "gyro" in lead.values:
        turns = lead.values["gyro"]
        step_s = typical_step_s(lead.times)
        measured = None if step_s is None else measured_unit(values[:, :3], turns, step_s)
        factor, gyro_warnings = gyro_factor(turns, lead.triples["gyro"], scale, measured)
        values[:, 3:] = turns * factor
        warnings = [*warnings, *([] if lead.sensor_logger else gyro_warnings)]
    return values, list(warnings)


def _reachable_rows(
    lead: SensorFile, values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times (n,) and values (n, 6) of the rows that a wearer can reach; count the others."""
    there = np.isfinite(values).all(axis=1)  # gravity may start later
    times, values, lines = lead.times[there], values[there], lead.lines[there]
    fits = reachable(values)
    if fits.all():
        return times, values
    gone = np.flatnonzero(~fits)
    if len(gone) > 0.5 * len(values):
        raise RecordingError(
            f"most rows hold values that no wearer can reach, as line {lines[gone[0]]}: check "
            "the units"
        )
    lead.left_out.add("impossible value", int(lines[gone[0]]), count=len(gone))
    return times[fits], values[fits]


def _rows_left_out(files: Sequence[SensorFile]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in files:
        for kind, count in one.left_out.counts.items():
            counts[kind] = counts.get(kind, 0) + count
    return counts


def _holder(lead: SensorFile, files: list[SensorFile], sensor: Sensor) -> SensorFile | None:
    return next((one for one in (lead, *files) if sensor in one.values), None)


def _in_units_of(lead: SensorFile, hints: Hints) -> SensorFile:
    """Set the maker's unit for columns without one, if the magnitude of gravity agrees."""
    acc = lead.triples.get("acc")
    if hints.acc is None or acc is None or acc.unit is not None:
        return lead
    if not 0.6 < rest_norm(lead.values["acc"])[0] * hints.acc / G < 1.6:
        return lead
    triples = {**lead.triples, "acc": replace(acc, unit="counts", factor=hints.acc)}
    gyro = lead.triples.get("gyro")
    if gyro is not None and gyro.unit is None and hints.gyro is not None:
        triples["gyro"] = replace(gyro, unit="counts", factor=hints.gyro)
    return replace(lead, triples=triples)


def _with_file_name(one: SensorFile, texts: Sequence[str], several: bool) -> list[str]:
    return [f"{one.path.name}: {text}" for text in texts] if several else list(texts)
