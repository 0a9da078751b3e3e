"""Selecting the scenarios that condition the activity network (EgoLog §4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.labels import SCENARIOS
from models.serving.predict.arrays import PredictError

if TYPE_CHECKING:
    from collections.abc import Mapping

MIN_SCENARIO = 0.5
# Below this even the likeliest scenario is not used.
MIN_ONLY_SCENARIO = 0.2


def detected_scenarios(scenarios: Mapping[str, float]) -> list[str]:
    """Return the scenarios for the activity network, in the order of `SCENARIOS`.

    These are all of at least 0.5; if there is none, the likeliest one if it reaches 0.2.
    """
    for name in scenarios:
        if name not in SCENARIOS:
            raise PredictError(f"scenario {name!r} is unknown; expected names of SCENARIOS")
    chosen = [name for name in SCENARIOS if scenarios.get(name, 0.0) >= MIN_SCENARIO]
    if chosen or not scenarios:
        return chosen
    likeliest = max(SCENARIOS, key=lambda name: scenarios.get(name, 0.0))
    return [likeliest] if scenarios.get(likeliest, 0.0) >= MIN_ONLY_SCENARIO else []
