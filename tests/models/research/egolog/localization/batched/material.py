"""A world without recordings, to render seconds of many at a time: one head, three sounds."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from models.research.egolog.localization.batched.ears import (
    EarTables,
    Ring,
    Spheres,
    fine,
    sphere_table,
)
from models.research.egolog.localization.batched.features import BatchedFeatures
from models.research.egolog.localization.batched.motions import Motions
from models.research.egolog.localization.batched.seconds import World
from models.research.egolog.localization.batched.sounds import LOOP, Sounds
from models.simulation.acoustics.ears import SphericalEars
from models.simulation.acoustics.sounds import synthesise
from models.simulation.sources.measured import HEAD_RADIUS_M, MEASURED_AT_M, CipicEars
from tests.models.research.egolog.localization.material import LABELS, head

table = lru_cache(sphere_table)


@lru_cache
def ears() -> CipicEars:
    """Ears as CIPIC has them, of a drawn head."""
    return CipicEars(SphericalEars.draw(np.random.default_rng(5))._table(MEASURED_AT_M))


@lru_cache
def world() -> World:
    """Return a world of `ears`, heads that turn and heads at rest."""
    rings = [Ring.from_table(ears().ring)]
    spheres = Spheres.of(np.array([HEAD_RADIUS_M]), [table(HEAD_RADIUS_M)])
    waves = {
        label: [synthesise(label, np.random.default_rng(0), np.random.default_rng(1), LOOP + 1_600)]
        for label in LABELS[:3]
    }
    return World(
        EarTables.of(rings, np.stack([fine(rings[0])]), spheres, "cpu"),
        Sounds.of(waves, {}, 1.0, "cpu"),
        Motions.of([(head(30, turning=True), True), (head(30, turning=False), False)], "cpu"),
        BatchedFeatures("cpu"),
        radii=1,
    )
