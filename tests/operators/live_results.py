"""Results of a device as its live state takes them."""

from __future__ import annotations

from typing import Any

from schemas import REGIONS, Activity, Scenario, Spatial
from schemas.frames import NS
from tests.schemas.scenarios import plain_scenario

T0 = 1_763_625_600


def _fields(start_s: int, seconds: int, session: str = "s") -> dict[str, Any]:
    return {
        "device_id": "d",
        "window_id": f"d/{session}/{start_s}",
        "session_id": session,
        "start_ns": (T0 + start_s) * NS,
        "end_ns": (T0 + start_s + seconds) * NS,
        "revision": "r",
    }


def spatial(start_s: int, session: str = "s", **likely: float) -> Spatial:
    named = {name.replace("_", "-"): share for name, share in likely.items()}
    return Spatial(**_fields(start_s, 1, session), regions=dict.fromkeys(REGIONS, 0.01) | named)


def activity(start_s: int, **more: Any) -> Activity:
    likely = {"activities": {"talking": 0.8, "sitting": 0.2}}
    return Activity(**_fields(start_s, 5), **likely | more)


def scenario(start_s: int, **more: Any) -> Scenario:
    shares = {"Cooking": 0.7, "Eating": 0.6, "Handyman": 0.1}
    return plain_scenario((T0 + start_s) * NS, **{"scenarios": shares} | more)
