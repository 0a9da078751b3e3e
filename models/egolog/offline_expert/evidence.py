"""The expert's evidence from a scenario record: one number for each named item.

It is the same information as in the refiner's prompt (EgoLog §4.4.1): sound events near or far, the
direction of sound, motion classes, activities, and the local network's preliminary scenarios.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from models.labels import ACTIVITIES, MOTIONS, SCENARIOS, SOUND_EVENTS
from schemas import REGIONS, Scenario
from schemas.evidence import DISTANCES, probabilities_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

ITEMS: tuple[str, ...] = (
    *(f"{event}, {distance}" for event in SOUND_EVENTS for distance in DISTANCES),
    *(f"sound {region}" for region in REGIONS),
    *(f"motion {motion}" for motion in MOTIONS),
    *(f"activity {activity}" for activity in ACTIVITIES),
    *(f"network {scenario}" for scenario in SCENARIOS),
)
"""Names of the items, in the order of the expert's table."""

NETWORK = slice(len(ITEMS) - len(SCENARIOS), len(ITEMS))
# Unit of the network's log-odds, which scales them to the range of other evidence, about 0 to 1.
NETWORK_UNIT = 4.0
# Without localization a sound is equally likely near and far.
_ANYWHERE = 0.5
_SUREST = 0.9975
SUREST_ODDS = math.log(_SUREST / (1.0 - _SUREST))


def evidence(record: Scenario) -> NDArray[np.float64]:
    """Return the evidence (E,) of a record; E is the length of `ITEMS`.

    A sound event's probability is split between near and far in the proportion of all sound in the
    record. Activities are shares of the record's time, weighted by confidence and without unknown
    ones; the network's scenarios are log-odds. Labels of other sets are ignored.
    """
    near = _near_share(record)
    values: dict[str, float] = {}
    for event, probability in record.sound_events.items():
        values[f"{event}, near"] = probability * near
        values[f"{event}, far"] = probability * (1.0 - near)
    for region, probability in record.spatial.items():
        values[f"sound {region}"] = probability
    for motion, probability in record.motion.items():
        values[f"motion {motion}"] = probability
    for span in record.activities:
        if span.unknown:
            continue
        name = f"activity {span.activity}"
        values[name] = values.get(name, 0.0) + span.probability / len(record.activities)
    for scenario, probability in record.scenarios.items():
        values[f"network {scenario}"] = log_odds(probability) / NETWORK_UNIT
    return np.array([values.get(item, 0.0) for item in ITEMS])


def log_odds(probability: float) -> float:
    """Return the log-odds of a probability, limited to ±6 (0.9975)."""
    clipped = min(max(probability, 1.0 - _SUREST), _SUREST)
    return math.log(clipped / (1.0 - clipped))


def _near_share(record: Scenario) -> float:
    near, far = (
        max(probabilities_in(record.spatial, distance), default=0.0) for distance in DISTANCES
    )
    return near / (near + far) if near + far > 0 else _ANYWHERE
