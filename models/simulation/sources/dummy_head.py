"""A dummy head measured in an anechoic room at several distances; for evaluation only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.recordings.formats.arrays import load
from models.recordings.formats.columns import check_length, finite, rate_hz
from models.recordings.protocol import RecordingError
from models.simulation.acoustics.ears import DIRECTIONS, EAR_POINTS_M, NFFT, Responses, short
from models.simulation.acoustics.sounds import FS
from models.simulation.sources.responses import checked_distances, checked_responses

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


_OFF_DEG = 7.5
"""Maximum difference between a direction and the response for it: those of a grid of 15°."""
_LEVEL_DEG = 1.0
"""Maximum elevation of a response of the horizontal ring."""


@dataclass(frozen=True)
class DummyHead:
    """Rings of responses around one head, one for each distance (as `acoustics.ears.Ears`).

    `distances_m` (D,) ascending; `rings` (D, 72, 2, NFFT/2+1), azimuth index · 5°, left ear first.
    """

    distances_m: NDArray[np.float64]
    rings: Responses

    @property
    def points_m(self) -> NDArray[np.float64]:
        """Places (2, 3) of the ears."""
        return EAR_POINTS_M

    def responses(self, distance_m: float) -> Responses:
        """Return the ring (72, 2, NFFT/2+1) that was measured nearest to `distance_m`."""
        ring: Responses = self.rings[np.argmin(np.abs(np.log(self.distances_m / distance_m)))]
        return ring


def read_dummy_head(path: Path) -> DummyHead:
    """Read `hrir` (N, 2, T), `azimuth_deg` (N,), positive to the left, and `distance_m` (N,).

    Each of the 72 directions has the response that is nearest, among those of `elevation_deg` (N,)
    0 where the file has elevations. Each ring is scaled to unit mean power, which keeps the
    differences between ears and directions; the decay of level with distance is applied by the
    room. Raises `RecordingError` if a distance has no response within 7.5° of a direction or is not
    of metres, the rate is not 16 kHz, or the file cannot be used otherwise.
    """
    optional = ("sample_rate", "sampling_rate_hz", "elevation_deg")
    file = load(path, ("hrir", "azimuth_deg", "distance_m"), optional)
    rate = rate_hz(path, file, ("sample_rate", "sampling_rate_hz"), FS)
    if rate != FS:
        raise RecordingError(f"{path.name} is sampled at {rate:g} Hz; expected {FS}")
    azimuth, distance = (finite(path, file, name) for name in ("azimuth_deg", "distance_m"))
    hrir = checked_responses(path, file["hrir"], (len(azimuth), 2, -1))
    if len(distance) != len(azimuth):
        raise RecordingError(
            f"{path.name} has {len(azimuth)} azimuths and {len(distance)} distances; "
            "expected as many of either"
        )
    distance = checked_distances(path, distance)
    level = np.ones(len(azimuth), bool)
    if "elevation_deg" in file:
        elevation = finite(path, file, "elevation_deg")
        check_length(path, "elevation_deg", len(elevation), len(azimuth))
        level = np.abs(elevation) < _LEVEL_DEG
    rings = []
    distances = np.unique(distance)
    for metres in distances:
        rows = np.flatnonzero(level & (distance == metres))
        ring = hrir[_around(path, azimuth, rows, metres)]
        ring /= np.sqrt(np.square(ring).sum(-1).mean())
        rings.append(short(np.fft.rfft(ring, NFFT).astype(np.complex64)))
    return DummyHead(distances, np.stack(rings))


def _around(
    path: Path, azimuth: NDArray[np.float64], rows: NDArray[np.int64], metres: float
) -> list[int]:
    """Return, of the responses `rows`, the one nearest to each of the 72 directions."""
    around = []
    for turn in range(0, 360, 360 // DIRECTIONS):
        off = np.abs((azimuth[rows] - turn + 180) % 360 - 180)
        if not len(off) or off.min() > _OFF_DEG:
            raise RecordingError(
                f"{path.name} has no response at {turn} degrees and {metres:g} m; "
                f"expected one every {2 * _OFF_DEG:g} degrees or closer, all around"
            )
        around.append(int(rows[np.argmin(off)]))
    return around
