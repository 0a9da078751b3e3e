"""Scenario records as tests make them: valid, and empty but for what a test says."""

from __future__ import annotations

from typing import Any

from schemas import Scenario
from schemas.frames import NS


def plain_scenario(
    start_ns: int, device: str = "d", session: str = "s", /, **changes: Any
) -> Scenario:
    """Return the record of thirty seconds; its confidence is that of the likeliest scenario."""
    fields: dict[str, Any] = {
        "device_id": device,
        "window_id": f"{device}/{session}/scenario/{start_ns}",
        "session_id": session,
        "start_ns": start_ns,
        "end_ns": start_ns + 30 * NS,
        "revision": "r",
        "coverage": {},
        "scenarios": {"Cooking": 0.7},
        "key_frames": [],
        "activities": [],
        "spatial": {},
        "sound_events": {},
        "motion": {},
        **changes,
    }
    return Scenario(**{"confidence": max(fields["scenarios"].values(), default=0.0), **fields})
