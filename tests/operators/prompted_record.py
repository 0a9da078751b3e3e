"""A record with names that no prompt may hold."""

from __future__ import annotations

from schemas import REGIONS, ActivitySpan, Scenario

CATEGORIES = ("Cooking", "Eating", "Talking with friends/housemates")


def record(near: float = 0.9, **changes: object) -> Scenario:
    regions = {
        name: near if name == "front-near" else (1 - near if name == "left-far" else 0.0)
        for name in REGIONS
    }
    fields: dict[str, object] = {
        "device_id": "alice-watch",
        "window_id": "alice-watch/s/scenario/0",
        "session_id": "secret-session",
        "start_ns": 1_772_438_400_000_000_000,
        "end_ns": 1_772_438_430_000_000_000,
        "revision": "r",
        "coverage": {"audio": 1.0},
        "scenarios": {"Cooking": 0.41, "Eating": 0.3},
        "confidence": 0.41,
        "key_frames": [1.0],
        "activities": [
            ActivitySpan(start_ns=0, end_ns=5, activity="walking", probability=0.6),
        ],
        "spatial": regions,
        "sound_events": {"frying": 0.8, "speech": 0.4},
        "motion": {"walking": 0.7, "moving": 0.2},
        **changes,
    }
    return Scenario(**fields)  # type: ignore[arg-type]
