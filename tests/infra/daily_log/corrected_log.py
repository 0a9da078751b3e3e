"""Records of a log as they are read, and what a wearer says of them."""

from __future__ import annotations

from typing import Any

from infra.daily_log.records import LogActivity, LogScenario
from schemas import Correction, NamedSpan

S = 1_000_000_000


def named_span(start_s: float, end_s: float, *labels: str) -> NamedSpan:
    return NamedSpan(start_ns=round(start_s * S), end_ns=round(end_s * S), labels=list(labels))


def correction(number: int, *after: NamedSpan, action: str = "correct", **more: Any) -> Correction:
    fields: dict[str, Any] = {
        "device_id": "d",
        "correction_id": f"{number:032x}",
        "action": action,
        "row": "scenario",
        "created_ns": number,
        "after": list(after),
    }
    return Correction(**{**fields, **more})


def undo(number: int, of: Correction) -> Correction:
    return correction(number, *of.after, action="undo", undoes=of.correction_id)


def scenario(start_s: int, name: str = "Eating", **changed: Any) -> LogScenario:
    fields: dict[str, Any] = {
        "device_id": "d",
        "window_id": f"d/s/scenario/{start_s}",
        "session_id": "s",
        "start_ns": start_s * S,
        "end_ns": (start_s + 30) * S,
        "revision": "r",
        "coverage": {},
        "scenarios": {name: 0.9},
        "confidence": 0.9,
        "key_frames": [],
        "activities": [],
        "spatial": {},
        "sound_events": {},
        "motion": {},
    }
    return LogScenario(**{**fields, **changed})


def activity(start_s: int) -> LogActivity:
    return LogActivity(
        device_id="d",
        window_id=f"d/s/har/{start_s}",
        session_id="s",
        start_ns=start_s * S,
        end_ns=(start_s + 5) * S,
        revision="r",
        activities={"walking": 0.9},
    )
