"""Consecutive records of a device, each with a far siren."""

from __future__ import annotations

from typing import Any

from schemas import Scenario
from schemas.frames import NS

T0_S = 1_772_438_400
DEVICE = "glasses"


def half_minute(number: int, **changes: Any) -> Scenario:
    start = (T0_S + 30 * number) * NS
    fields: dict[str, Any] = {
        "device_id": DEVICE,
        "window_id": f"w{number}",
        "session_id": "s",
        "start_ns": start,
        "end_ns": start + 30 * NS,
        "revision": "r",
        "coverage": {"audio": 1.0, "imu": 1.0},
        "scenarios": {"Cooking": 0.7},
        "confidence": 0.7,
        "key_frames": [1.0],
        "activities": [],
        "spatial": {"left-far": 0.4, "front-near": 0.1},
        "sound_events": {"siren": 0.9},
        "motion": {"walking": 0.9, "moving": 0.2},
        **changes,
    }
    return Scenario(**fields)
