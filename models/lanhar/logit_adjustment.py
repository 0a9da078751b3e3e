"""Adjusting the logits of labels for the device's position (Menon et al. 2021).

The sensor encoder is trained on all positions, and its labels' vectors are the same at each. In a
pocket, hands at work hardly move the device: such readings lie close to those of still postures,
and their labels lose more often than they are wrong. A constant for each label, fitted where all
labels count alike, compensates for it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from schemas.position import Place

ADJUSTMENTS: Mapping[Place, Mapping[str, float]] = MappingProxyType(
    {
        "pocket": MappingProxyType(
            {
                "walking": 0.2,
                "running": 0.4,
                "going upstairs": 0.5,
                "going downstairs": 0.1,
                "sitting": 0.4,
                "standing": 0.4,
                "standing up": 0.5,
                "sitting down": 0.4,
                "clapping": 0.9,
                "drinking": 0.7,
                "eating": 0.9,
                "typing on a keyboard": 0.8,
                "writing": 0.7,
                "brushing teeth": 1.1,
                "folding clothes": 0.6,
            }
        )
    }
)
"""What is added to the logits by position and label, fitted by
`models.research.lanhar.training.logit_adjustment`; labels without readings there have none."""


def adjustment(names: Sequence[str], position: Place | None) -> NDArray[np.float64]:
    """Return what is added to the logits of labels `names` (K,) at a position, None if unknown."""
    known = ADJUSTMENTS.get(position, {}) if position is not None else {}
    return np.array([known.get(name, 0.0) for name in names], np.float64)
