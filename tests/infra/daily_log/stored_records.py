"""Records as a log stores them, with their usual times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from schemas import Activity, Refined, Scenario, Vector
from schemas.message import END_OF_TIME_NS
from tests.schemas.scenarios import plain_scenario

if TYPE_CHECKING:
    from infra.daily_log.records import Log
    from infra.daily_log.store import LogStore

S = 1_000_000_000
DAY = 86_400 * S
T0 = 1_700_000_010 * S


class Clock:
    """A wall clock that is set by hand."""

    now_ns = T0 + 9 * DAY

    def __call__(self) -> int:
        return self.now_ns


def scenario(start_ns: int, device: str = "d1", **changed: Any) -> Scenario:
    fields: dict[str, Any] = {
        "revision": "r1",
        "coverage": {"audio": 1.0, "imu": 0.1 + 0.2},
        "scenarios": {"Cooking": 1 / 3, "Eating": 0.2},
        "key_frames": [0.5, 0.5],
        "spatial": {"front-near": 0.7},
        "sound_events": {"frying": 0.9},
        "motion": {"walking": 0.4},
        "embeddings": Vector.of(np.ones((2, 3))),
    }
    return plain_scenario(start_ns, device, **{**fields, **changed})


def refinement(of: Scenario, labels: list[str], latency_ms: float = 1.0) -> Refined:
    return Refined(
        device_id=of.device_id,
        window_id=of.window_id,
        session_id=of.session_id,
        start_ns=of.start_ns,
        end_ns=of.end_ns,
        revision="prompt-1",
        scenarios=labels,
        refined_by="a-model",
        reason="frying nearby",
        preliminary="Cooking",
        confidence=of.confidence,
        latency_ms=latency_ms,
    )


def activity(start_ns: int, device: str = "d1") -> Activity:
    return Activity(
        device_id=device,
        window_id=f"{device}/s/har/{start_ns}",
        session_id="s",
        start_ns=start_ns,
        end_ns=start_ns + 5 * S,
        revision="r1",
        activities={"walking": 0.1 + 0.2, "sitting": 0.6},
    )


async def log_of(store: LogStore, device: str = "d1") -> Log:
    """Return all that a store has of a device."""
    return await store.read(device, 0, END_OF_TIME_NS)
