"""Scenario records as the pipeline publishes them, for the expert to judge."""

from __future__ import annotations

from typing import Any

from models.labels import SCENARIOS
from schemas import ActivitySpan, Scenario
from schemas.frames import NS
from tests.schemas.scenarios import plain_scenario


def record(
    number: int = 0, leads: str = "Cooking", confidence: float = 0.4, **changes: Any
) -> Scenario:
    """Return the record of half minute `number`, which the network thinks is `leads`."""
    start_ns = number * 30 * NS
    fields: dict[str, Any] = {
        "scenarios": dict.fromkeys(SCENARIOS, 0.02) | {leads: confidence},
        "confidence": confidence,
        "activities": [
            ActivitySpan(start_ns=start_ns, end_ns=start_ns + 5 * NS, activity=name, probability=p)
            for name, p in (("sitting", 0.8), ("eating", 0.5))
        ],
        "spatial": {"front-near": 0.6, "back-far": 0.2},
        "sound_events": {"cutlery": 0.8},
        "motion": {"walking": 0.1, "moving": 0.7},
    }
    return plain_scenario(start_ns, "one", "day", **{**fields, **changes})
