"""What the windows before say of an activity that motion alone tells (after EgoLog §4.3).

Without sound five seconds of a wearer who keeps still hardly tell sitting from standing; the
minutes before do, as `models.lanhar.label_memory` says. It is a state of the session in event time.
Sound tells a window's activity by itself, so that windows with sound neither use it nor are
remembered.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from models.labels import ACTIVITIES
from models.lanhar.label_memory import LabelMemory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.position import Place

CONFIDENCE = 0.8
"""As `models.lanhar.label_memory.CONFIDENCE`: the most at which no validation data set has more
windows wrong at 0.5 or above than without a memory."""
CONFIDENCE_AT: Mapping[Place, float] = MappingProxyType(
    {"ear": 0.7, "glasses": 0.8, "pocket": 0.4, "wrist": 0.8, "waist": 0.8}
)
"""As `models.lanhar.label_memory.CONFIDENCE_AT`."""

_DECIMALS = 4
_MEMORY = LabelMemory(ACTIVITIES, CONFIDENCE, CONFIDENCE_AT)


def activities_after(
    memory: Sequence[float],
    start_s: float,
    activities: Mapping[str, float],
    position: Place | None = None,
) -> tuple[float, ...]:
    """Return the memory after a window that began at `start_s`, given its own probabilities.

    `position` is where its device was worn, None where nobody knows.
    """
    own = np.array([activities.get(name, 0.0) for name in ACTIVITIES])
    return _MEMORY.after(memory, start_s, own, position)


def remembered_activities(
    memory: Sequence[float], position: Place | None = None
) -> dict[str, float]:
    """Return the probabilities of the activities in the last window of a memory.

    `position` is where its device was worn, None where nobody knows.
    """
    shares = _MEMORY.shares(memory, position).tolist()
    return {name: round(share, _DECIMALS) for name, share in zip(ACTIVITIES, shares, strict=True)}
