"""How far from the head sources stand, and in which rooms."""

from __future__ import annotations

from dataclasses import dataclass

from models.simulation.life.planned_sounds import FAR_M, NEAR_M

NEAR_BORDER_M = 1.0
SOFT_BORDER_M = (0.8, 1.5)
"""From where on a source is not wholly near, and from where on it is far."""
_ROOMS = {"room": 0.4, "hall": 0.25, "street": 0.2, "bathroom": 0.1, "car": 0.05}


@dataclass(frozen=True)
class Placing:
    """Where sources stand: ranges of distance in m on both sides of `NEAR_BORDER_M`, and rooms.

    `rooms` gives each kind its probability; `even` draws distances evenly by their logarithm.
    """

    near_m: tuple[float, float]
    far_m: tuple[float, float]
    rooms: dict[str, float]
    even: bool = False


APART = Placing(NEAR_M, FAR_M, _ROOMS)
"""Clearly near and clearly far sources, as in composed days."""

CONTINUUM = Placing(
    (0.15, NEAR_BORDER_M),
    (NEAR_BORDER_M, 6.0),
    {
        "open": 0.26,
        "dry": 0.14,
        "street": 0.13,
        "room": 0.22,
        "live": 0.1,
        "hall": 0.07,
        "bathroom": 0.05,
        "car": 0.03,
    },
    even=True,
)
"""All distances, in rooms from anechoic to a second of reverberation; used for training."""
