"""Checks the unit that a header names by gravity and by the range of human motion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.recordings.imports.motion.unit_names import DEGREE, RADIAN, G
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.recordings.imports.motion.columns import Triple

MAX_ACC = 400.0  # m/s², 40 g: beyond what a worn sensor measures
MAX_GYRO = 80.0  # rad/s: sensors of 4000 °/s end at 70
DEGREES_ABOVE = 40.0  # rad/s: no body turns as fast
_UNSAID_DEGREES_ABOVE = 12.0

# Counts per g and per °/s of the usual ranges, smallest first (MPU-6050, BMI160 and kin).
_COUNTS = ((16_384, 131.0), (8_192, 65.5), (4_096, 32.8), (2_048, 16.4))
_TURNS = {RADIAN: ("rad/s", "rad_s"), DEGREE: ("degrees a second", "deg_s")}
_NAMED = ((1.0, "m/s2"), (G, "g"), (G / 1000, "mg"))
_BLOCK = 25


def rest_norm(acc: NDArray[np.float64]) -> tuple[float, float]:
    """Return |acc| of (n, 3) where it varies least, in its unit, and its std / mean there."""
    norm = np.sqrt((acc * acc).sum(axis=1))
    if len(norm) < 4 * _BLOCK:
        mean = float(np.median(norm))
        return mean, float(norm.std() / mean) if mean > 0 else 0.0
    blocks = norm[: len(norm) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    spread = blocks.std(axis=1)
    quiet = blocks[spread <= np.quantile(spread, 0.25)]
    mean = float(np.median(quiet))
    return mean, float(quiet.std(axis=1).mean() / mean) if mean > 0 else 0.0


def acc_factor(acc: NDArray[np.float64], triple: Triple) -> tuple[float, list[str]]:
    """Return the factor of (n, 3) values to m/s², with warnings if it contradicts the header."""
    rest, varies = rest_norm(acc)
    columns = f"columns {triple.names[0]!r} to {triple.names[2]!r}"
    factor = triple.factor
    if factor is not None and 0.6 < rest * factor / G < 1.6:
        return factor, []
    # At rest |acc| is gravity; noise around zero has a variation of its own magnitude.
    steady = varies < 0.3
    if steady:
        for other, name in _NAMED:
            if 0.85 < rest * other / G < 1.15:
                if factor is None and triple.unit is None:
                    return other, []
                return other, [
                    f"{columns}: |acceleration| at rest is {rest:.3g}: gravity is "
                    f"{G / other:.3g}, so the unit is {name}, not {triple.unit}; read as {name}; "
                    f"name it in the header, as acc_x_{name.replace('/', '_')}"
                ]
        for counts, _ in _COUNTS:
            if 0.88 < rest / counts < 1.12:
                return G / counts, [
                    f"{columns}: |acceleration| at rest is {rest:.0f}: read as raw counts, "
                    f"{counts} per g; write m/s2 or g"
                ]
    usual = factor if factor is not None else 1.0
    largest = float(np.quantile(np.abs(acc).max(axis=1), 0.95))
    if largest * usual > MAX_ACC:
        raise RecordingError(
            f"{columns} reach {largest * usual:.4g} m/s2, which no wearer can; expected m/s2 or g, "
            "named in the header"
        )
    if rest * usual < 0.6 * G:
        return usual, [
            f"{columns}: |acceleration| at rest is {rest * usual:.2g} m/s2, not 9.8: gravity "
            "seems to be taken out; export acceleration with gravity"
        ]
    return usual, [
        f"{columns}: |acceleration| at rest is {rest * usual:.3g} m/s2, not 9.8: check the unit"
    ]


def gyro_factor(
    gyro: NDArray[np.float64], triple: Triple, acc_scale: float, measured: float | None
) -> tuple[float, list[str]]:
    """Return the factor of (n, 3) values to rad/s, with warnings.

    `acc_scale` is that of acc; `measured` is `turning.measured_unit` of the same rows.
    """
    columns = f"columns {triple.names[0]!r} to {triple.names[2]!r}"
    size = np.abs(gyro).max(axis=1)
    fast = size > DEGREES_ABOVE
    many = fast.sum() > max(2, 0.002 * len(size))
    if triple.factor is not None:
        if triple.factor == 1.0 and many:
            return DEGREE, [
                f"{columns}: reach {float(np.quantile(size, 0.998)):.0f}, too fast for rad/s: "
                "read as degrees a second; name the unit in the header, as gyro_x_deg_s"
            ]
        named = next((unit for unit in _TURNS if abs(triple.factor / unit - 1) < 1e-6), None)
        if named is not None and measured not in (None, named):
            unit, header = _TURNS[measured]
            return measured, [
                f"{columns}: gravity turns as it does with {unit}, not {triple.unit}: read as "
                f"{unit}; name the unit in the header, as gyro_x_{header}"
            ]
        return triple.factor, []
    for counts, per_degree in _COUNTS:
        if abs(acc_scale * counts / G - 1) < 1e-6:
            return DEGREE / per_degree, [
                f"{columns}: read as raw counts, {per_degree:g} per degree a second"
            ]
    reason = f"name no unit that is known ({triple.unit})" if triple.unit else "name no unit"
    large = measured is None and float(np.quantile(size, 0.99)) > _UNSAID_DEGREES_ABOVE
    if many or large:
        return DEGREE, [f"{columns} {reason}: read as degrees a second, for they are large"]
    if measured is not None:
        return measured, [f"{columns} {reason}: read as {_TURNS[measured][0]}, as gravity turns"]
    return 1.0, [f"{columns} {reason}: read as rad/s"]


def reachable(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the rows (n, 6) in m/s² and rad/s that a worn sensor can have measured."""
    acc, gyro = np.abs(values[:, :3]).max(axis=1), np.abs(values[:, 3:]).max(axis=1)
    return np.asarray((acc <= MAX_ACC) & (gyro <= MAX_GYRO))
