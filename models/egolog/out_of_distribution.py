"""Out-of-distribution detection: how familiar a window's motion is, and which estimates to reject.

The networks always choose among their sixteen labels. The Mahalanobis distance (Lee et al. 2018) of
a window's features from those of real wearers' training windows tells whether the estimate can be
trusted. Sound is not judged, because its distance does not separate right estimates from wrong
ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from schemas.frames import Modality

FAMILIAR = 0.5
"""A window of this familiarity or more is familiar."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FamiliarMotion:
    """Mean (F,) and whitening (F, F) of the training features, and the limits.

    The familiarity of a window at distance d is 1 / (1 + (d / limit)²): 1 at the mean of the
    training features, 0.5 at the limit.
    """

    mean: Array
    whitening: Array
    limit: float
    least_probability: float

    @classmethod
    def of(cls, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Build it from the weights of a `models.egolog.familiarity.Familiarity`."""
        return cls(
            tensors["mean"].astype(np.float64),
            tensors["whitening"].astype(np.float64),
            float(tensors["limit"]),
            float(tensors["least_probability"]),
        )

    def familiarity(self, features: NDArray[Any]) -> float:
        """(S, F) features of a window's segments -> the familiarity of their mean, in (0, 1]."""
        whitened = (features.astype(np.float64) - self.mean) @ self.whitening  # (S, F)
        distance = float(np.sqrt((whitened**2).sum(axis=1)).mean())
        return 1.0 / (1.0 + (distance / self.limit) ** 2)


@dataclass(frozen=True)
class FamiliarActivityMotion(FamiliarMotion):
    """The same for activity windows; `least_by_motion` is the least probability without sound."""

    least_by_motion: float

    @classmethod
    def of(cls, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Build it from the weights of a `models.egolog.familiarity.ActivityFamiliarity`."""
        known = FamiliarMotion.of(tensors)
        return cls(**vars(known), least_by_motion=float(tensors["least_by_motion"]))


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
