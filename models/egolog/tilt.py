"""Posture shown by how far a device tilts from upright (after LanHAR §3.3.2).

A thigh is horizontal while its wearer sits and upright while the wearer stands, and a waist leans
back a little. How far a device is from its direction during steps, when the wearer is upright
(`models.lanhar.upright`), therefore shows the posture. Five seconds of its motion hardly do,
because nobody knows how a phone is worn there. A head is held as upright in either posture.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from models.labels import ACTIVITIES
from models.lanhar.label_memory import DONE_ON_FOOT, DONE_SEATED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from models.lanhar.upright import Upright
    from schemas.position import Place

POSTURES = ("sitting", "standing")
LEAST = 0.05
"""Least probability of a posture: devices are taken out and turned over."""
JACKET = 1 / 3
"""Probability that a wearer sits whose pocket is upright and turns less than a thigh in steps: half
of such pockets may be a jacket's, which is upright in either posture."""


@dataclass(frozen=True)
class Tilt:
    """Cosines of the angle from upright at which a wearer as good as sits, and stands."""

    seated: float
    upright: float

    def probability(self, cosine: float) -> float:
        """Return the probability of sitting, given the `cosine` of the angle from upright."""
        share = (self.upright - cosine) / (self.upright - self.seated)
        return min(max(share, LEAST), 1 - LEAST)


TILTS: Mapping[Place, Tilt] = MappingProxyType(
    {"pocket": Tilt(seated=0.5, upright=0.9), "waist": Tilt(seated=0.88, upright=1.0)}
)
"""A thigh's angles are those of its anatomy; a waist's are fitted to training users of HAPT."""

# Shown by the motion itself, however the device is tilted.
_MOVING = ("walking", "running", "standing up", "sitting down")


def probability_seated(upright: Upright, imu: NDArray[Any], position: Place | None) -> float | None:
    """Return the probability that the wearer sits in a window `imu` (N, 6), by the device's tilt.

    None if the device's `position` is unknown or does not show it, or if upright is not known yet.
    """
    tilt = None if position is None else TILTS.get(position)
    cosine = None if tilt is None else upright.cosine(imu)
    if tilt is None or cosine is None:
        return None
    # A phone that was put back upside down is as telling.
    seated = tilt.probability(abs(cosine) if position == "pocket" else cosine)
    if position == "pocket" and not upright.on_limb:
        return max(seated, JACKET)
    return seated


def with_posture(shares: NDArray[Any], seated: float) -> NDArray[np.float64]:
    """Return the activities' probabilities (16,), given the probability that the wearer sits."""
    weighed = shares * np.array([_likelihood(name, seated) for name in ACTIVITIES])
    given: NDArray[np.float64] = weighed / weighed.sum()
    return given


def _likelihood(activity: str, seated: float) -> float:
    if activity in _MOVING:
        return max(seated, 1 - seated)
    if activity == "sitting" or activity in DONE_SEATED:
        return seated
    if activity == "standing" or activity in DONE_ON_FOOT:
        return 1 - seated
    return 0.5
