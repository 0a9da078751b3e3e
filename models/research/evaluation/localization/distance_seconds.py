"""Seconds of sources at known distances, and how well near and far are told apart in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.research.evaluation.localization.rendered import SourceSeconds
from models.research.lib.column_dataset import ColumnDataset
from models.research.lib.metrics import calibration_error
from models.simulation.rendering.mixer import region
from schemas.evidence import DISTANCES, REGIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

Figures = dict[str, Any]

BORDER_M = 1.0
_LATERAL_DEG = (45, 135)


@dataclass(frozen=True)
class DistanceSeconds(ColumnDataset):
    """N seconds of one source: the network's probabilities and the truth.

    `probability` (N, 8) of the regions, `azimuth_deg` (N,) in (-180, 180], `distance_m` (N,).
    """

    probability: NDArray[np.float32]
    azimuth_deg: NDArray[np.float64]
    distance_m: NDArray[np.float64]

    @property
    def near(self) -> NDArray[np.float64]:
        """The probability (N,) that each source is near: the share of near in all regions."""
        directions = len(REGIONS) // len(DISTANCES)
        by_distance = self.probability.reshape(-1, directions, len(DISTANCES)).sum(axis=1)
        share: NDArray[np.float64] = by_distance[:, DISTANCES.index("near")] / np.maximum(
            by_distance.sum(axis=1), 1e-9
        )
        return share

    def by_distance(self) -> dict[str, Figures]:
        """Return by distance how often near is predicted and the direction is right."""
        return {
            f"{metres:g}": self.take(self.distance_m == metres).figures()
            for metres in np.unique(self.distance_m)
        }

    def figures(self) -> Figures:
        """Return how often near is predicted, and how often the direction is right."""
        judged = SourceSeconds.of(self.probability, self._regions())
        return {
            "seconds": len(self.near),
            "said_near": float((self.near > 0.5).mean()),
            "direction": float((judged.direction == judged.true_direction).mean()),
        }

    def _regions(self) -> NDArray[np.float32]:
        names = [
            region(float(np.deg2rad(azimuth)), bool(metres < BORDER_M))
            for azimuth, metres in zip(self.azimuth_deg, self.distance_m, strict=True)
        ]
        return np.eye(len(REGIONS), dtype=np.float32)[[REGIONS.index(name) for name in names]]

    def balanced_accuracy(self) -> float | None:
        """Return the balanced accuracy: the mean of the recalls of near and far sources."""
        near, far = self.distance_m < BORDER_M, self.distance_m > BORDER_M
        if not near.any() or not far.any():
            return None
        called_near = self.near > 0.5
        return float((called_near[near].mean() + (~called_near[far]).mean()) / 2)

    def calibration(self) -> Figures:
        """Return the mean probability of near, the share of near, and the calibration error.

        Sources at the border are excluded; without any others there is nothing to return.
        """
        aside = self.take(self.distance_m != BORDER_M)
        if not len(aside.near):
            return {"seconds": 0, "said": None, "near": None, "ece": None}
        true = aside.distance_m < BORDER_M
        return {
            "seconds": len(true),
            "said": float(aside.near.mean()),
            "near": float(true.mean()),
            "ece": calibration_error(aside.near, true),
        }

    def lateral(self) -> DistanceSeconds:
        """Return the seconds with a source beside the head, where level is a cue to distance."""
        low, high = _LATERAL_DEG
        aside = np.abs(self.azimuth_deg)
        return self.take((aside >= low) & (aside <= high))
