"""Target distributions of activities of the hands that motion does not show.

A still head, and a pocket at all times, show little more than the posture, so the target of eating
there is mostly sitting.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from models.labels import ACTIVITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

HANDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "sitting": (
            "talking",
            "drinking",
            "typing on a keyboard",
            "eating",
            "watching TV",
            "writing",
        ),
        "standing": ("clapping", "washing hands", "cleaning a room", "brushing teeth"),
    }
)
"""Activities of the hands by the posture in which they are done as a rule."""
_POSTURE, _ANY_OF_THESE = 0.4, 0.35


def hidden_hands(activity: str, posture: str) -> NDArray[np.float32]:
    """Return the target (16,) of an activity of the hands in a posture, whose sum is 1.

    The posture is likelier than the activity, which shares some of the rest with all others of that
    posture.
    """
    others = [ACTIVITIES.index(name) for name in HANDS[posture]]
    target = np.zeros(len(ACTIVITIES), np.float32)
    target[ACTIVITIES.index(posture)] = _POSTURE
    target[others] = _ANY_OF_THESE / len(others)
    target[ACTIVITIES.index(activity)] += 1 - _POSTURE - _ANY_OF_THESE
    return target


def shown_by_motion() -> NDArray[np.float32]:
    """Return the target distribution (16, 16) of each activity by motion alone; rows sum to 1."""
    targets = np.eye(len(ACTIVITIES), dtype=np.float32)
    for posture, names in HANDS.items():
        for name in names:
            targets[ACTIVITIES.index(name)] = hidden_hands(name, posture)
    return targets
