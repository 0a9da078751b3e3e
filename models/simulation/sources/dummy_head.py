"""A dummy head measured in an anechoic room at several distances; for evaluation only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.recordings.formats.arrays import load
from models.recordings.formats.columns import finite, rate_hz
from models.recordings.protocol import RecordingError
from models.simulation.acoustics.ears import DIRECTIONS, EAR_POINTS_M, NFFT, Responses, short
from models.simulation.acoustics.sounds import FS
from models.simulation.sources.responses import checked_responses

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


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

    Each ring is scaled to unit mean power, which keeps the differences between ears and directions;
    the decay of level with distance is applied by the room. Raises `RecordingError` if a distance
    lacks one of the 72 directions, the rate is not 16 kHz, or the file cannot be used otherwise.
    """
    file = load(path, ("hrir", "azimuth_deg", "distance_m"), ("sample_rate", "sampling_rate_hz"))
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
    azimuth = np.round(azimuth).astype(int) % 360
    distance = np.round(distance, 3)
    rings = []
    distances = np.unique(distance)
    for metres in distances:
        row_of = {int(azimuth[row]): row for row in np.flatnonzero(distance == metres)}
        missing = [turn for turn in range(0, 360, 360 // DIRECTIONS) if turn not in row_of]
        if missing:
            raise RecordingError(
                f"{path.name} has no response at {missing[0]} degrees and {metres:g} m; "
                f"expected one every {360 // DIRECTIONS} degrees"
            )
        ring = hrir[[row_of[turn] for turn in range(0, 360, 360 // DIRECTIONS)]]
        ring /= np.sqrt(np.square(ring).sum(-1).mean())
        rings.append(short(np.fft.rfft(ring, NFFT).astype(np.complex64)))
    return DummyHead(distances, np.stack(rings))
