"""Consecutive records of a device, each with a far siren."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.frames import NS
from tests.schemas.scenarios import plain_scenario

if TYPE_CHECKING:
    from schemas import Scenario

T0_S = 1_772_438_400
DEVICE = "glasses"


def half_minute(number: int, **changes: Any) -> Scenario:
    fields: dict[str, Any] = {
        "window_id": f"w{number}",
        "coverage": {"audio": 1.0, "imu": 1.0},
        "spatial": {"left-far": 0.4, "front-near": 0.1},
        "sound_events": {"siren": 0.9},
        "motion": {"walking": 0.9, "moving": 0.2},
        **changes,
    }
    return plain_scenario((T0_S + 30 * number) * NS, DEVICE, **fields)
