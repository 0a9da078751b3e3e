"""Estimates of one half minute and of its activities, as a record is made of them."""

from __future__ import annotations

import numpy as np

from schemas import Activity, ScenarioEstimate, Vector

RANKING = {"ironing": 0.4, "folding laundry": 0.3, "sitting": 0.2, "typing": 0.1}


def evidence(**changes: object) -> ScenarioEstimate:
    fields: dict[str, object] = {
        "device_id": "d",
        "window_id": "d/s/scenario/0",
        "session_id": "s",
        "start_ns": 0,
        "end_ns": 30,
        "revision": "r",
        "coverage": {"imu": 1.0},
        "scenarios": {"Cooking": 0.7, "Eating": 0.2},
        "key_frames": [1.0],
        "sound_events": {"frying": 0.6},
        "motion": {"moving": 0.9},
        "embeddings": Vector.of(np.zeros((1, 2))),
        "parts": {},
        **changes,
    }
    return ScenarioEstimate(**fields)  # type: ignore[arg-type]


def activity(start: int, sure: float) -> Activity:
    return Activity(
        device_id="d",
        window_id=f"d/s/har/{start}",
        session_id="s",
        start_ns=start,
        end_ns=start + 5,
        revision="r",
        activities={"standing": sure, "walking": 0.1},
        open_vocabulary=RANKING,
    )
