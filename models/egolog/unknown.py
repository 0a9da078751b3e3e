"""How familiar a window's motion is, and which estimates are better called unknown.

The networks must choose of their sixteen, whatever they are shown. How far a window's
features lie from those of real wearers' windows that the encoder learned from says whether there
is a reason to believe it (the Mahalanobis distance of Lee et al. 2018). Sound is not judged: its
distance does not tell right estimates from wrong ones.
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
"""Familiarity from here on is familiar."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Known:
    """Mean (F,) and whitening (F, F) of features that were learned from, and the limits.

    The familiarity of a window at distance d is 1 / (1 + (d / limit)²): 1 in the middle of what
    was learned from, 0.5 at the limit.
    """

    mean: Array
    whitening: Array
    limit: float
    least_probability: float

    @classmethod
    def of(cls, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Return what the weights of a `models.egolog.familiarity.Familiarity` say."""
        return cls(
            tensors["mean"].astype(np.float64),
            tensors["whitening"].astype(np.float64),
            float(tensors["limit"]),
            float(tensors["least_probability"]),
        )

    def familiarity(self, features: NDArray[Any]) -> float:
        """(S, F) features of one window's segments -> its familiarity in (0, 1], by their mean."""
        whitened = (features.astype(np.float64) - self.mean) @ self.whitening  # (S, F)
        distance = float(np.sqrt((whitened**2).sum(axis=1)).mean())
        return 1.0 / (1.0 + (distance / self.limit) ** 2)


@dataclass(frozen=True)
class KnownActivity(Known):
    """What activity windows are judged by; `least_by_motion` is the limit without any sound."""

    least_by_motion: float

    @classmethod
    def of(cls, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Return what the weights of a `models.egolog.familiarity.ActivityFamiliarity` say."""
        known = Known.of(tensors)
        return cls(**vars(known), least_by_motion=float(tensors["least_by_motion"]))


def is_unknown(
    probabilities: Mapping[str, float],
    familiarity: Mapping[Modality, float],
    present: Collection[Modality],
    least_probability: float,
) -> bool:
    """Return whether nobody should take the likeliest of `probabilities` for what goes on.

    It is unknown where all modalities that are `present` are unfamiliar, so also where there is
    none, and where it is less likely than `least_probability`. A modality without a `familiarity`
    is not judged, and counts as familiar.
    """
    if all(familiarity.get(modality, 1.0) < FAMILIAR for modality in present):
        return True
    return max(probabilities.values(), default=0.0) < least_probability
