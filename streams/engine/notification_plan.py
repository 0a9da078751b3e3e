"""The rules of `EGOLOG_NOTIFICATIONS`, checked against the labels that the networks know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.notifications.rules_file import NotificationPlan, read_plan
from models.labels import ACTIVITIES, RECOGNISED_SOUNDS, SCENARIOS

if TYPE_CHECKING:
    from pathlib import Path

    from schemas.notification import Kind

NAMES: dict[Kind, tuple[str, ...]] = {
    "sound": RECOGNISED_SOUNDS,
    "activity": ACTIVITIES,
    "scenario": SCENARIOS,
}


def plan_of(path: Path | None) -> NotificationPlan:
    """Return the rules and targets of the file, none without one; raises `SettingsError`."""
    return NotificationPlan((), {}) if path is None else read_plan(path, NAMES)
