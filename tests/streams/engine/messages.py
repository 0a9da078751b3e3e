"""Messages of one device, valid and small."""

from __future__ import annotations

from typing import Any

import numpy as np

from schemas import REGIONS, Activity, ScenarioEstimate, Spatial, Vector, Window
from schemas.frames import NS

LENGTH_S = {"spatial": 1, "har": 5, "scenario": 30}


def common(kind: str, start_s: int, session: str = "s") -> dict[str, Any]:
    """Return the fields that every window and result has."""
    start_ns = start_s * NS
    return {
        "device_id": "d",
        "window_id": f"d/{session}/{kind}/{start_ns}",
        "session_id": session,
        "start_ns": start_ns,
        "end_ns": start_ns + LENGTH_S[kind] * NS,
    }


def window(kind: str, start_s: int = 0, session: str = "s", **changes: Any) -> Window:
    """Return a window whose every feature is there."""
    seconds = LENGTH_S[kind]
    fields: dict[str, Any] = {
        **common(kind, start_s, session),
        "kind": kind,
        "coverage": {"audio": 1.0, "imu": 1.0},
        "slices": {"audio": [1.0] * seconds, "imu": [1.0] * seconds},
        "features": {
            "mel": Vector.of(np.zeros((50 * seconds, 64)), "<f2"),
            "imu": Vector.of(np.zeros((50 * seconds, 6))),
            "maps": Vector.of(np.zeros((1, 50, 64)), "<f2"),
        },
        "parts": {},
        **changes,
    }
    return Window(**fields)


def estimate(start_s: int = 0, session: str = "s", **changes: Any) -> ScenarioEstimate:
    """Return a scenario estimate."""
    fields: dict[str, Any] = {
        **common("scenario", start_s, session),
        "revision": "r",
        "coverage": {"audio": 1.0, "imu": 1.0},
        "scenarios": {"Cooking": 0.7, "Eating": 0.1},
        "key_frames": [1.0],
        "sound_events": {},
        "motion": {},
        "embeddings": Vector.of(np.zeros((1, 2))),
        "parts": {},
        **changes,
    }
    return ScenarioEstimate(**fields)


def spatial(start_s: int = 0, session: str = "s", **regions: float) -> Spatial:
    """Return one second's regions; those that are not given are silent."""
    named = dict.fromkeys(REGIONS, 0.0) | {k.replace("_", "-"): p for k, p in regions.items()}
    return Spatial(**common("spatial", start_s, session), revision="r", regions=named)


def activity(start_s: int = 0, session: str = "s") -> Activity:
    """Return an activity that is likely."""
    return Activity(**common("har", start_s, session), revision="r", activities={"standing": 0.9})
