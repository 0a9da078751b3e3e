"""Temporal filtering of activities recognised from motion alone (after EgoLog §4.3).

Five seconds of a still wearer's motion hardly distinguish sitting from standing; the preceding
minutes do (`models.lanhar.label_memory`). The memory is state of the session in event time. Windows
with sound are reliable by themselves, so they neither use nor update it.
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
"""As `models.lanhar.label_memory.CONFIDENCE`: at this value no validation data set has more errors
of a confidence of 0.5 or more than without a memory."""
CONFIDENCE_AT: Mapping[Place, float] = MappingProxyType(
    {"ear": 0.7, "glasses": 0.8, "pocket": 0.3, "wrist": 0.8, "waist": 0.7}
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
    """Return the memory updated by a window that starts at `start_s`, with its own probabilities.

    `position` is the device's, None if unknown.
    """
    own = np.array([activities.get(name, 0.0) for name in ACTIVITIES])
    return _MEMORY.after(memory, start_s, own, position)


def remembered_activities(
    memory: Sequence[float], position: Place | None = None
) -> dict[str, float]:
    """Return the activities' probabilities in the last window of a memory.

    `position` is the device's, None if unknown.
    """
    shares = _MEMORY.shares(memory, position).tolist()
    return {name: round(share, _DECIMALS) for name, share in zip(ACTIVITIES, shares, strict=True)}
