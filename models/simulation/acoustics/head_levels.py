"""Level differences between the ears of real heads: at low frequencies, and beyond a sphere's.

Far and near sources differ in the interaural level difference, most of all below about 500 Hz
(EgoLog §3.2). Responses measured with a nearby loudspeaker are least reliable there: CIPIC's
difference for a source beside the head at 1 m is 2 dB less than a rigid sphere's at 180 to 260 Hz,
and 3 to 5 dB less below, where the nearer ear is the quieter one; above 350 Hz it is 1 dB more. A
head that was measured down to there, MIT's KEMAR at 1.4 m (Gardner & Martin 1995), never has less
than a sphere, and 1.5 to 2.5 dB more between 300 Hz and 1 kHz, since a head is not a sphere and has
a torso below it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

from models.simulation.acoustics.ears import DIRECTIONS, NFFT, Responses, short
from models.simulation.acoustics.rigid_sphere import sphere_response
from models.simulation.acoustics.sounds.dsp import FS

if TYPE_CHECKING:
    from numpy.typing import NDArray

CROSSOVER_HZ = (250.0, 450.0)
"""Below the first frequency the levels are the sphere's, above the second the measured ones."""

_SPHERE_BINS = 129
_ROOT_DB = 20 / np.log(10)  # dB of a nat of amplitude
# The difference has half of its size at this frequency; longer waves diffract around the head.
_HALF_HZ = 250.0


def with_sphere_below(
    ring: Responses, distance_m: float, radius_m: float, ear_azimuth: float
) -> Responses:
    """Return a ring (72, 2, 1025) whose levels below `CROSSOVER_HZ` are those of a rigid sphere.

    The delays are unchanged, as are the levels averaged over directions and ears.

    Args:
        ring: measured responses, azimuth index · 5°, left ear first.
        distance_m: distance at which it was measured.
        radius_m: of the head.
        ear_azimuth: rad, of the left ear; the right one is opposite.
    """
    own = np.log(np.maximum(np.abs(ring), 1e-9))
    sphere = _sphere_levels(distance_m, radius_m, ear_azimuth)
    common = (own - sphere).mean(axis=(0, 1))
    low, high = np.log(CROSSOVER_HZ)
    at = np.clip((np.log(np.maximum(_frequencies(), 1.0)) - low) / (high - low), 0, 1)
    share = 0.5 + 0.5 * np.cos(np.pi * at)  # of the sphere
    return _change_levels(ring, share * (sphere + common - own))


def with_difference(ring: Responses, decibels: float) -> Responses:
    """Return a ring (72, 2, 1025) whose ears differ by `decibels` more for a source beside them.

    The difference goes with the sine of the azimuth, and fades towards 0 Hz.
    """
    f = _frequencies()
    rise = f**2 / (f**2 + _HALF_HZ**2)
    aside = np.sin(np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS)
    half = decibels / 2 / _ROOT_DB * aside[:, None] * rise  # (72, 1025)
    return _change_levels(ring, np.stack([half, -half], axis=1))


def _change_levels(ring: Responses, nats: NDArray[np.float64]) -> Responses:
    """Change a ring's levels by `nats` (72, 2, 1025) with minimum-phase filters: no pre-echo."""
    size = 2 * (nats.shape[-1] - 1)
    fold = np.zeros(size)
    fold[0] = fold[size // 2] = 1
    fold[1 : size // 2] = 2
    gain = np.exp(fft.rfft(fft.irfft(nats, size, axis=-1) * fold, size, axis=-1))
    return short((ring * gain).astype(np.complex64))


@lru_cache(maxsize=4)
def _sphere_levels(distance_m: float, radius_m: float, ear_azimuth: float) -> NDArray[np.float64]:
    # All subjects of a set are measured alike.
    azimuth = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    coarse = np.linspace(0, FS / 2, _SPHERE_BINS)
    rows = [
        np.log(np.abs(sphere_response(coarse, azimuth - ear, distance_m, radius_m)))
        for ear in (ear_azimuth, -ear_azimuth)
    ]
    fine = [[np.interp(_frequencies(), coarse, row) for row in ear] for ear in rows]
    levels = np.asarray(fine, np.float64).transpose(1, 0, 2)
    levels.flags.writeable = False
    return levels


def _frequencies() -> NDArray[np.float64]:
    return np.linspace(0, FS / 2, NFFT // 2 + 1)
