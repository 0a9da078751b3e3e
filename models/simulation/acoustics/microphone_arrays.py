"""Four microphones on glasses or headphones, in place of two ears (EgoLog §5.4).

Delays and levels are those of the free field from the source's position, near ones included; the
head is a sphere that attenuates high frequencies at microphones on its far side (the one-pole
shadow of Brown & Duda, as in the parametric ears). Azimuths are counter-clockwise, 0 is ahead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from models.simulation.acoustics.ears import DIRECTIONS, NFFT, Responses, short
from models.simulation.acoustics.rooms import SPEED_OF_SOUND
from models.simulation.acoustics.sounds.dsp import FS

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

Device = Literal["glasses", "headphones"]

# Positions in m from the centre of the head, x ahead, y left, z up. The first two microphones of
# either device are a left and a right one.
GEOMETRY_M: dict[Device, NDArray[np.float64]] = {
    # On the temples above the ears, and at the outer ends of the rims.
    "glasses": np.array(
        [[0.00, 0.080, 0.02], [0.00, -0.080, 0.02], [0.095, 0.065, 0.0], [0.095, -0.065, 0.0]]
    ),
    # At the front and the back of each cup.
    "headphones": np.array(
        [[0.025, 0.095, 0.0], [0.025, -0.095, 0.0], [-0.025, 0.095, 0.0], [-0.025, -0.095, 0.0]]
    ),
}
HEAD_RADIUS_M = 0.0875
_FIT_M = 0.003  # how far a microphone's position varies with the wearer's fit
_GAIN_DB = 0.7  # spread among microphones of one type
_LAG_S = 0.0012


@dataclass(frozen=True)
class MicrophoneArray:
    """Microphones at `points_m` (4, 3) with gains `gain_db` (4,)."""

    points_m: NDArray[np.float64]
    gain_db: NDArray[np.float64]
    _tables: dict[float, Responses] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def draw(cls, device: Device, rng: Generator) -> MicrophoneArray:
        """Draw a wearer's fit of the device and its microphones' tolerances."""
        points = GEOMETRY_M[device] + rng.normal(0, _FIT_M, (4, 3))
        return cls(points, rng.normal(0, _GAIN_DB, 4))

    def responses(self, distance_m: float) -> Responses:
        """Return (DIRECTIONS, 4, NFFT/2+1), azimuth index · 5°.

        Distances are rounded to 10 %, and to 2 m from 1 m on, where waves are flat enough.
        """
        reach = 2.0 if distance_m >= 1.0 else max(distance_m, 0.2)
        key = float(1.1 ** np.round(np.log(reach) / np.log(1.1)))
        if key not in self._tables:
            self._tables[key] = self._table(key)
        return self._tables[key]

    def _table(self, distance_m: float) -> Responses:
        azimuth = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
        ahead = np.stack([np.cos(azimuth), np.sin(azimuth), 0 * azimuth], axis=1)  # (72, 3)
        path = np.linalg.norm(distance_m * ahead[:, None] - self.points_m[None], axis=2)  # (72, 4)
        away = self.points_m / np.linalg.norm(self.points_m, axis=1, keepdims=True)
        theta = np.arccos(np.clip(ahead @ away.T, -1, 1))[..., None]
        f = np.asarray(np.fft.rfftfreq(NFFT, 1 / FS), np.float64)
        shade = 1.05 + 0.95 * np.cos(theta / np.deg2rad(150) * np.pi)
        w = 1j * 2 * np.pi * f * HEAD_RADIUS_M / (2 * SPEED_OF_SOUND)
        head = (1 + shade * w) / (1 + w)
        gain = (distance_m / path * 10 ** (self.gain_db / 20))[..., None]
        lag = (path - distance_m)[..., None] / SPEED_OF_SOUND + _LAG_S
        out = head * gain * np.exp(-2j * np.pi * f * lag)
        return short(out.astype(np.complex64))
