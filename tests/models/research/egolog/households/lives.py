"""Made-up lived days: what the network thinks, and what went on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.labels import SCENARIOS
from models.research.egolog.households.records import HouseholdWindows

if TYPE_CHECKING:
    from collections.abc import Sequence


def household_windows(
    count: int = 12, days: int = 1, wearers: int = 1, uncertainty: Sequence[int] = (), seed: int = 0
) -> HouseholdWindows:
    """Return `count` windows a day of each wearer, who live one scenario in each four of them.

    The network is right with 0.9, but for the windows `doubt` of each day: there it thinks another
    scenario likeliest, with 0.4.
    """
    rng = np.random.default_rng(seed)
    windows = np.tile(np.arange(count), days * wearers)
    total = len(windows)
    truth = np.zeros((total, len(SCENARIOS)), np.float32)
    day = np.tile(np.repeat(np.arange(days), count), wearers)
    wearer = np.repeat(np.arange(wearers), count * days)
    at = (windows // 4 + wearer + 2 * day) % len(SCENARIOS)
    truth[np.arange(total), at] = 1
    scenarios = np.where(truth > 0, 0.9, 0.02).astype(np.float32)
    unsure = np.isin(windows, list(uncertainty))
    scenarios[unsure] = 0.02
    scenarios[unsure, at[unsure]] = 0.3
    scenarios[unsure, (at[unsure] + 5) % len(SCENARIOS)] = 0.4
    return HouseholdWindows(
        rows=rng.normal(0, 1, (total, 15, 644)).astype(np.float16),
        scenarios=scenarios,
        truth=truth,
        events=(rng.random((total, 54)) * (rng.random((total, 54)) < 0.1)).astype(np.float32),
        motion=rng.random((total, 4)).astype(np.float32),
        spatial=rng.random((total, 8)).astype(np.float32),
        activity=rng.integers(0, 16, (total, 6)),
        likely=rng.random((total, 6)).astype(np.float32),
        wearer=wearer,
        day=day,
        window=windows,
    )
