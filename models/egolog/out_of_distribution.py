"""Out-of-distribution detection: how familiar a window's motion is, and which estimates to reject.

The networks always choose among their sixteen labels. The Mahalanobis distance (Lee et al. 2018) of
a window's features from those of real wearers' training windows tells whether the estimate can be
trusted. Postures are shown by a head or a trunk alone, so the training windows are theirs, and only
a device that is not known to be there is judged by them; walking and running are shown anywhere on
the body, so what is taken for them is compared with those of wrists and pockets too. Sound is not
judged, because its distance does not separate right estimates from wrong ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from schemas.frames import Modality
    from schemas.position import Place

FAMILIAR = 0.5
"""A window of this familiarity or more is familiar."""
LOCOMOTION = ("walking", "running")
"""Activities that a device shows wherever on the body it is worn."""
SHOWING_POSTURE: tuple[Place, ...] = ("ear", "glasses", "head", "waist")
"""Positions at which sitting and standing are judged by their probability alone. No distance judges
them at a position that was not trained on: the limit that keeps data sets which are left out is six
times the one that keeps those which are not (`models.research.egolog.familiarity`)."""

_PREFIX = "locomotion."

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MotionReference:
    """Mean (F,) and whitening (F, F) of training features, and the limit of the distance.

    The familiarity of a window at distance d is 1 / (1 + (d / limit)²): 1 at the mean of the
    training features, 0.5 at the limit.
    """

    mean: Array
    whitening: Array
    limit: float

    @classmethod
    def of(cls, tensors: Mapping[str, NDArray[Any]], prefix: str = "") -> MotionReference:
        """Build it from the weights of a `models.egolog.familiarity.Reference`."""
        return MotionReference(
            tensors[f"{prefix}mean"].astype(np.float64),
            tensors[f"{prefix}whitening"].astype(np.float64),
            float(tensors[f"{prefix}limit"]),
        )

    def familiarity(self, features: NDArray[Any]) -> float:
        """(S, F) features of a window's segments -> the familiarity of their mean, in (0, 1]."""
        whitened = (features.astype(np.float64) - self.mean) @ self.whitening  # (S, F)
        distance = float(np.sqrt((whitened**2).sum(axis=1)).mean())
        return 1.0 / (1.0 + (distance / self.limit) ** 2)


@dataclass(frozen=True)
class FamiliarMotion:
    """The `reference` of a window's motion, and the least probability of its likeliest label."""

    reference: MotionReference
    least_probability: float

    @classmethod
    def of(cls, tensors: Mapping[str, NDArray[Any]]) -> FamiliarMotion:
        """Build it from the weights of a `models.egolog.familiarity.Familiarity`."""
        return FamiliarMotion(MotionReference.of(tensors), float(tensors["least_probability"]))


@dataclass(frozen=True)
class FamiliarActivityMotion(FamiliarMotion):
    """The same for activity windows; `least_by_motion` is the least probability without sound.

    `locomotion` is the reference of `LOCOMOTION` with the device anywhere on the body, None in
    weights that have none.
    """

    locomotion: MotionReference | None
    least_by_motion: float

    @classmethod
    def of(cls, tensors: Mapping[str, NDArray[Any]]) -> FamiliarActivityMotion:
        """Build it from the weights of a `models.egolog.familiarity.ActivityFamiliarity`."""
        anywhere = f"{_PREFIX}limit" in tensors
        return cls(
            **vars(FamiliarMotion.of(tensors)),
            locomotion=MotionReference.of(tensors, _PREFIX) if anywhere else None,
            least_by_motion=float(tensors["least_by_motion"]),
        )

    def familiarity(self, features: NDArray[Any], activity: str) -> float:
        """(1, F) features of a window that is taken for `activity` -> its familiarity in (0, 1]."""
        familiarity = self.reference.familiarity(features)
        if self.locomotion is None or activity not in LOCOMOTION:
            return familiarity
        return max(familiarity, self.locomotion.familiarity(features))


def is_unknown(
    probabilities: Mapping[str, float],
    familiarity: Mapping[Modality, float],
    present: Collection[Modality],
    least_probability: float,
) -> bool:
    """Return whether an estimate should be reported as unknown.

    It is unknown if no modality in `present` is familiar (also if none is present), or if the
    largest of `probabilities` is below `least_probability`. A modality without a `familiarity` is
    not judged, and counts as familiar.
    """
    if all(familiarity.get(modality, 1.0) < FAMILIAR for modality in present):
        return True
    return max(probabilities.values(), default=0.0) < least_probability
