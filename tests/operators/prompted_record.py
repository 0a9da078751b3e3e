"""A record with names that no prompt may hold."""

from __future__ import annotations

from schemas import REGIONS, ActivitySpan, Scenario
from tests.schemas.scenarios import plain_scenario

CATEGORIES = ("Cooking", "Eating", "Talking with friends/housemates")


def record(near: float = 0.9, **changes: object) -> Scenario:
    regions = {
        name: near if name == "front-near" else (1 - near if name == "left-far" else 0.0)
        for name in REGIONS
    }
    fields: dict[str, object] = {
        "window_id": "alice-watch/s/scenario/0",
        "scenarios": {"Cooking": 0.41, "Eating": 0.3},
        "confidence": 0.41,
        "activities": [
            ActivitySpan(start_ns=0, end_ns=5, activity="walking", probability=0.6),
        ],
        "spatial": regions,
        "sound_events": {"frying": 0.8, "speech": 0.4},
        "motion": {"walking": 0.7, "moving": 0.2},
        **changes,
    }
    start_ns = 1_772_438_400_000_000_000
    return plain_scenario(start_ns, "alice-watch", "secret-session", **fields)
