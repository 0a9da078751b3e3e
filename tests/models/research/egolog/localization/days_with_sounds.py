"""Days with sounds in known regions."""

from __future__ import annotations

import numpy as np

from models.labels import SOUND_EVENTS
from models.research.egolog.days.placed import PlacedDays
from schemas.evidence import REGIONS


def days_with_sounds(*seconds: list[str]) -> PlacedDays:
    """Return one stretch with sounds in the named regions of each second, and noise to hear."""
    sounds = np.zeros((1, len(seconds), len(SOUND_EVENTS), len(REGIONS)), bool)
    for at, regions in enumerate(seconds):
        for number, name in enumerate(regions):
            sounds[0, at, number, REGIONS.index(name)] = True
    rng = np.random.default_rng(0)
    maps = rng.uniform(0, 8, (1, len(seconds), 3, 50, 64)).astype(np.float16)
    imu = rng.normal(0, 1, (1, 50 * len(seconds), 6)).astype(np.float32)
    return PlacedDays(np.zeros((1, 0), np.float16), maps, imu, sounds)
