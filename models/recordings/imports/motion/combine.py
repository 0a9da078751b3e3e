"""Combines a device's sensors from separate files: adds gravity, aligns the gyroscope."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from models.recordings.imports.motion.sample_rate import even, rate_and_stretches
from models.recordings.imports.motion.turning import measured_unit
from models.recordings.imports.motion.unit_names import G
from models.recordings.imports.motion.units import acc_factor, gyro_factor
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.recordings.imports.motion.sensor_file import SensorFile

_REACH_S = 0.25  # maximum time to the other sensor's sample
_MIN_SHARED = 0.5


@dataclass(frozen=True)
class CombinedMotion:
    """Segments (start s, values (n, 6)) with both sensors, or the given ones unchanged."""

    stretches: list[tuple[float, NDArray[np.float64]]] = field(repr=False)
    has_gyro: bool
    warnings: list[str]


def with_gravity(
    lead: SensorFile,
    gravity: SensorFile | None,
    values: NDArray[np.float64],
    standardised: bool = False,
) -> tuple[float, list[str]]:
    """Fill `values[:, :3]`, of (n, 6), with acceleration and gravity, m/s².

    Returns the scale of the acceleration and warnings.

    Gravity is added only if the acceleration lacks it, judged by its mean along gravity;
    `standardised` is Sensor Logger's setting.
    """
    name = "acc" if "acc" in lead.values else "linear"
    acc = lead.values[name]  # type: ignore[index]
    triple = lead.triples[name]  # type: ignore[index]
    if gravity is None:
        scale, warnings = acc_factor(acc, triple)
        values[:, :3] = acc * scale
        return scale, warnings
    down, near = _at(lead, gravity, gravity.values["gravity"])
    size = np.maximum(np.linalg.norm(down, axis=1, keepdims=True), 1e-9)
    along = abs(float(np.median((acc * down / size).sum(axis=1)[near]))) if near.any() else 0.0
    if name == "acc" and any(0.6 < along * f / G < 1.6 for f in (triple.factor or 1.0, 1.0, G)):
        scale, warnings = acc_factor(acc, triple)
        values[:, :3] = acc * scale
        return scale, warnings
    if near.mean() < _MIN_SHARED:
        raise RecordingError(
            f"and {gravity.path.name} hardly overlap in time; acceleration without gravity is not "
            "enough"
        )
    down_scale, warnings = acc_factor(down[near], gravity.triples["gravity"])
    scale = triple.factor or _assumed_scale(lead, down_scale, standardised)
    values[:, :3] = acc * scale + down * down_scale
    values[~near] = np.nan
    return scale, warnings


def align(
    lead: SensorFile,
    gyro: SensorFile,
    stretches: list[tuple[float, NDArray[np.float64]]],
    rate: float,
) -> CombinedMotion:
    """Return segments (n, 6) with the rotation of another file, cut where that has none.

    `stretches` are starts, s, and rows at `rate` whose last three columns are filled in.
    """
    try:
        its_rate, timings = rate_and_stretches(gyro.times)
    except RecordingError as error:
        return CombinedMotion(stretches, False, [f"{gyro.path.name} {error}: left out"])
    shift = _shift(lead, gyro)
    grids, rows = [], []
    for timing in timings:
        part = even(gyro.times, gyro.values["gyro"], timing, its_rate)
        grids.append(timing.start_s + shift + np.arange(len(part)) / its_rate)
        rows.append(part)
    grid, turns = np.concatenate(grids), np.concatenate(rows)
    merged: list[tuple[float, NDArray[np.float64]]] = []
    total = sum(len(part) for _, part in stretches)
    for start, part in stretches:
        times = start + np.arange(len(part)) / rate
        near = _near(times, grid)
        for axis in range(3):
            part[:, 3 + axis] = np.interp(times, grid, turns[:, axis])
        borders = np.flatnonzero(np.diff(near.astype(np.int8))) + 1
        merged += [
            (float(times[rows_there[0]]), part[rows_there])
            for rows_there in np.split(np.arange(len(part)), borders)
            if len(rows_there) and near[rows_there[0]]
        ]
    shared = sum(len(part) for _, part in merged)
    longest = max((part for _, part in merged), key=len, default=np.zeros((0, 6)))
    measured = measured_unit(longest[:, :3], longest[:, 3:], 1 / rate)
    factor, warnings = gyro_factor(gyro.values["gyro"], gyro.triples["gyro"], 1.0, measured)
    warnings = [] if gyro.sensor_logger else warnings
    if shared < _MIN_SHARED * total:
        for _, part in stretches:
            part[:, 3:] = 0
        return CombinedMotion(
            stretches, False, [*warnings, f"{gyro.path.name} hardly overlaps in time: left out"]
        )
    if shared < total:
        warnings = [
            *warnings,
            f"{(total - shared) / rate:.2f} s of acceleration have no rotation in "
            f"{gyro.path.name}: left out",
        ]
    for _, part in merged:
        part[:, 3:] *= factor
    return CombinedMotion(merged, True, warnings)


def _shift(lead: SensorFile, other: SensorFile) -> float:
    """Return by how many seconds the other file starts later."""
    if lead.start_ns is not None and other.start_ns is not None:
        return (other.start_ns - lead.start_ns) / 1e9
    return (other.first_ns - lead.first_ns) / 1e9


def _at(
    lead: SensorFile, other: SensorFile, values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    if other is lead:
        return values, np.ones(len(values), bool)
    grid = other.times + _shift(lead, other)
    columns = [np.interp(lead.times, grid, values[:, axis]) for axis in range(3)]
    return np.stack(columns, axis=1), _near(lead.times, grid)


def _near(times: NDArray[np.float64], grid: NDArray[np.float64]) -> NDArray[np.bool_]:
    after = np.clip(np.searchsorted(grid, times), 1, max(len(grid) - 1, 1))
    if len(grid) < 2:
        return np.asarray(np.abs(times - grid[0]) <= _REACH_S)
    distance = np.minimum(np.abs(times - grid[after - 1]), np.abs(times - grid[after]))
    return np.asarray(distance <= _REACH_S)


def _assumed_scale(lead: SensorFile, down_scale: float, standardised: bool) -> float:
    """Return the unit of acceleration without gravity if no header names it.

    Sensor Logger writes m/s², but g for headphones (whose gravity is in m/s²) as long as its
    setting "Standardise Units & Frames" is off; for watches both are in one unit.
    """
    if lead.sensor_logger and "headphone" in lead.path.stem.lower():
        return 1.0 if standardised else G
    return down_scale
