"""Level differences between the ears of real heads: at low frequencies, and beyond a sphere's.

What is far and what is near the head differ by the level between the ears, most of all below some
500 Hz (EgoLog §3.2). Responses from a loudspeaker near the head hold least there: CIPIC's of a
source beside the head at 1 m have 2 dB less than a rigid sphere at 180 to 260 Hz, and 3 to 5 dB
less below, where the nearer ear is the quieter one; from 350 Hz on they have 1 dB more. A head
that was measured down to there, MIT's KEMAR at 1.4 m (Gardner & Martin 1995), never has less than
a sphere, and 1.5 to 2.5 dB more between 300 Hz and 1 kHz: a head is no sphere, and has a body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

from models.simulation.acoustics.ears import DIRECTIONS, NFFT, Responses, short
from models.simulation.acoustics.rigid_sphere import sphere_response
from models.simulation.acoustics.sounds.dsp import FS

if TYPE_CHECKING:
    from numpy.typing import NDArray

CROSSOVER_HZ = (250.0, 450.0)
"""Below the first a ring's levels are the sphere's, above the second they are the ring's."""

_SPHERE_BINS = 129
_ROOT_DB = 20 / np.log(10)  # dB of a nat of amplitude
# Half of the difference is there at this frequency; longer waves go around the head's shape.
_HALF_HZ = 250.0


def with_sphere_below(
    ring: Responses, distance_m: float, radius_m: float, ear_azimuth: float
) -> Responses:
    """Return a ring (72, 2, 1025) whose levels below `CROSSOVER_HZ` are those of a rigid sphere.

    The ring keeps its delays and, in the mean over directions and ears, its levels.

    Args:
        ring: measured responses, azimuth index · 5°, left ear first.
        distance_m: at which it was measured.
        radius_m: of the head.
        ear_azimuth: rad, of the left ear; the right one lies opposite.
    """
    own = np.log(np.maximum(np.abs(ring), 1e-9))
    sphere = _sphere_levels(distance_m, radius_m, ear_azimuth)
    common = (own - sphere).mean(axis=(0, 1))
    low, high = np.log(CROSSOVER_HZ)
    at = np.clip((np.log(np.maximum(_frequencies(), 1.0)) - low) / (high - low), 0, 1)
    share = 0.5 + 0.5 * np.cos(np.pi * at)  # of the sphere
    return _changed(ring, share * (sphere + common - own))


def with_difference(ring: Responses, decibels: float) -> Responses:
    """Return a ring (72, 2, 1025) whose ears differ by `decibels` more for a source beside them.

    The difference goes with the sine of the azimuth, and fades towards 0 Hz.
    """
    f = _frequencies()
    rise = f**2 / (f**2 + _HALF_HZ**2)
    aside = np.sin(np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS)
    half = decibels / 2 / _ROOT_DB * aside[:, None] * rise  # (72, 1025)
    return _changed(ring, np.stack([half, -half], axis=1))


def _changed(ring: Responses, nats: NDArray[np.float64]) -> Responses:
    """Change a ring's levels by (72, 2, 1025), by filters that answer no earlier than before."""
    size = 2 * (nats.shape[-1] - 1)
    fold = np.zeros(size)
    fold[0] = fold[size // 2] = 1
    fold[1 : size // 2] = 2
    gain = np.exp(fft.rfft(fft.irfft(nats, size, axis=-1) * fold, size, axis=-1))
    return short((ring * gain).astype(np.complex64))


def _sphere_levels(distance_m: float, radius_m: float, ear_azimuth: float) -> NDArray[np.float64]:
    azimuth = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    coarse = np.linspace(0, FS / 2, _SPHERE_BINS)
    rows = [
        np.log(np.abs(sphere_response(coarse, azimuth - ear, distance_m, radius_m)))
        for ear in (ear_azimuth, -ear_azimuth)
    ]
    fine = [[np.interp(_frequencies(), coarse, row) for row in ear] for ear in rows]
    return np.asarray(fine, np.float64).transpose(1, 0, 2)


def _frequencies() -> NDArray[np.float64]:
    return np.linspace(0, FS / 2, NFFT // 2 + 1)
