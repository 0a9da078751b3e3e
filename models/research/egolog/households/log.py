"""The daily log's labels for composed days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.egolog.scenario_memory import MEMORY_S, smooth_estimates
from models.egolog.scenario_sets import CHANGED, TRUST, USUAL
from models.labels import SCENARIOS
from models.research.egolog.scenario import WINDOW_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.research.egolog.households.records import HouseholdWindows


def smoothed_labels(
    days: HouseholdWindows,
    estimates: NDArray[np.float32],
    memory_s: float = MEMORY_S,
    changed: float = CHANGED,
    trust: float = TRUST,
    usual: float = USUAL,
) -> NDArray[np.float32]:
    """Return the log's labels (N, 16) for estimates (N, 16), smoothed by the minutes before."""
    smoothed = np.zeros_like(estimates)
    for at in days.days():
        recent: list[tuple[float, dict[str, float]]] = []
        for number in at:
            start_s = float(days.window[number] * WINDOW_S)
            named = dict(zip(SCENARIOS, map(float, estimates[number]), strict=True))
            recent.append((start_s, named))
            smoothed[number] = list(
                smooth_estimates(recent, memory_s, changed, trust, usual).values()
            )
    return smoothed
