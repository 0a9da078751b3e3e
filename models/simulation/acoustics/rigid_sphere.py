"""The effect of a rigid sphere on the sound of a source at any distance (Duda & Martens 1998).

J. Acoust. Soc. Am. 104(5), equation 5: the pressure at a point of the sphere's surface, relative to
that at the centre of the absent sphere. A nearby source is louder at the ear that faces it, most of
all at low frequencies, where a distant one is equally loud at both: without reverberation this
difference is the only cue to distance (EgoLog §3.2).
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import eval_legendre, spherical_jn, spherical_yn

from models.simulation.acoustics.rooms import SPEED_OF_SOUND
from models.simulation.acoustics.sounds.dsp import FS

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEAREST_RADII = 1.25
"""Minimum distance of a source from the centre of the head, in radii."""

_ORDERS = 80
_BINS = 129
_GRID_M = np.geomspace(0.1, 8.0, 45)  # 10 % apart, 0.4 dB at an ear
_RADIUS_STEP_M = 0.002


def sphere_response(
    f: NDArray[np.float64], angle: NDArray[np.float64], distance_m: float, radius_m: float
) -> NDArray[np.complex128]:
    """Return the response (A, F) at points `angle` (A,) rad away from the source's direction.

    `f` (F,) in Hz; 0 Hz is treated as 20 Hz. `distance_m` is from the sphere's centre. The phase is
    relative to the sound at the centre, positive frequencies as exp(-i·2πft) delays.
    """
    ka = 2 * np.pi * np.maximum(f, 20.0) * radius_m / SPEED_OF_SOUND  # (F,)
    far = max(distance_m / radius_m, NEAREST_RADII)
    order = np.arange(_ORDERS)[:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        outside = spherical_jn(order, ka * far) + 1j * spherical_yn(order, ka * far)
        slope = _slope(tuple(ka.tolist()))
        # Where both overflow, their ratio is already negligible.
        radial = np.nan_to_num((2 * order + 1) * outside / slope, posinf=0, neginf=0)  # (N, F)
    around = eval_legendre(order.T, np.cos(angle)[:, None])  # (A, N)
    total = -(far / ka) * np.exp(-1j * ka * far) * (around @ radial)
    # The series has the opposite time convention to numpy's transforms.
    return np.asarray(total.conj(), np.complex128)


@lru_cache(maxsize=16)
def _slope(ka: tuple[float, ...]) -> NDArray[np.complex128]:
    # The half of the work that no distance changes: heads differ by a few radii only.
    at, order = np.array(ka), np.arange(_ORDERS)[:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(
            spherical_jn(order, at, True) + 1j * spherical_yn(order, at, True), np.complex128
        )


def distance_variation(
    angle: NDArray[np.float64], distance_m: float, reference_m: float, radius_m: float, bins: int
) -> NDArray[np.complex128]:
    """Return the effect of distance at an ear: the response at one distance over that at another.

    `angle` (A,) in rad is between ear and source; returns (A, bins), the frequencies of a real
    transform from 0 to 8 kHz. Distance and radius are rounded to a grid.
    """
    at = int(np.argmin(np.abs(np.log(_GRID_M / distance_m))))
    reference = int(np.argmin(np.abs(np.log(_GRID_M / reference_m))))
    size = max(1, round(radius_m / _RADIUS_STEP_M))
    ratio = _table(at, size) / _table(reference, size)  # (181, B)
    degrees = np.rad2deg(np.abs(np.angle(np.exp(1j * angle))))
    rows = ratio[np.round(degrees).astype(np.intp)]  # (A, B)
    coarse, fine = np.linspace(0, FS / 2, _BINS), np.linspace(0, FS / 2, bins)
    level = [np.interp(fine, coarse, row) for row in np.log(np.abs(rows))]
    phase = [np.interp(fine, coarse, row) for row in np.unwrap(np.angle(rows), axis=1)]
    return np.asarray(np.exp(np.array(level) + 1j * np.array(phase)), np.complex128)


@cache
def _table(at: int, size: int) -> NDArray[np.complex128]:
    f = np.linspace(0, FS / 2, _BINS)
    angle = np.deg2rad(np.arange(181.0))
    return sphere_response(f, angle, float(_GRID_M[at]), size * _RADIUS_STEP_M)
