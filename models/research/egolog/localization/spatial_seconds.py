"""Seconds of sound and motion with the truth of their sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.research.egolog.localization.placing import NEAR_BORDER_M, SOFT_BORDER_M
from models.simulation.rendering.mixer import region
from schemas.evidence import REGIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class SpatialSeconds:
    """N seconds, those of one clip in a row.

    `maps` (N, P, 50, 64) float16 and `imu` (N, 50, 6) float32 as `models.features` makes them;
    `azimuth` (N, 3) float32 rad relative to the head and `distance_m` (N, 3) float32, NaN for
    absent sources; `turn` (N,) float32 the mean speed of the head's yaw in °/s.
    """

    maps: NDArray[np.float16]
    imu: NDArray[np.float32]
    azimuth: NDArray[np.float32]
    distance_m: NDArray[np.float32]
    turn: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.imu)

    @property
    def near(self) -> NDArray[np.bool_]:
        """Whether each source (N, 3) is nearer than the border."""
        return np.asarray(self.distance_m < NEAR_BORDER_M)

    @property
    def nearness(self) -> NDArray[np.float32]:
        """How near each source (N, 3) is: 1 up to 0.8 m, 0 from 1.5 m, interpolated between."""
        low, high = np.log(SOFT_BORDER_M)
        share = (high - np.log(np.nan_to_num(self.distance_m, nan=1.0))) / (high - low)
        nearness: NDArray[np.float32] = np.clip(share, 0.0, 1.0).astype(np.float32)
        return nearness

    @property
    def regions(self) -> NDArray[np.float32]:
        """Which of the eight regions contain a source: (N, 8) of 0 and 1."""
        return self._regions(self.near.astype(np.float32))

    @property
    def soft_regions(self) -> NDArray[np.float32]:
        """As `regions`, but a source close to the border is partly near and partly far."""
        return self._regions(self.nearness)

    def _regions(self, nearness: NDArray[np.float32]) -> NDArray[np.float32]:
        shares = np.zeros((len(self), len(REGIONS)), np.float32)
        for row, source in zip(*np.nonzero(~np.isnan(self.azimuth)), strict=True):
            for near, share in ((True, nearness[row, source]), (False, 1 - nearness[row, source])):
                at = REGIONS.index(region(float(self.azimuth[row, source]), near))
                shares[row, at] = max(shares[row, at], share)
        return shares
