"""Counts the classes and the confidence of results, to monitor the drift of a fleet.

Comparing classes, confidence and familiarity with last week's shows whether wearers' lives or the
sound of a device differ from the training data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra import metrics
from models.labels import ACTIVITIES, SCENARIOS
from schemas.ranking import likeliest

if TYPE_CHECKING:
    from schemas import Activity, Scenario

UNKNOWN = "unknown"


def count_scenario(record: Scenario) -> None:
    """Count a scenario record: its likeliest scenario, or that it is unknown."""
    _count("scenario", record.scenarios, record)


def count_activity(record: Activity) -> None:
    """Count an activity record: its likeliest activity, or that it is unknown."""
    _count("activity", record.activities, record)


def _count(kind: str, probabilities: dict[str, float], record: Scenario | Activity) -> None:
    if not probabilities:
        return
    name = likeliest(probabilities)
    metrics.classes.labels(kind=kind, name=UNKNOWN if record.unknown else name).inc()
    metrics.confidence.labels(kind=kind).observe(probabilities[name])
    for modality, familiarity in record.familiarity.items():
        metrics.familiarity.labels(kind=kind, modality=modality).observe(familiarity)


def _initialise() -> None:
    for kind, names in (("scenario", SCENARIOS), ("activity", ACTIVITIES)):
        for name in (*names, UNKNOWN):
            metrics.classes.labels(kind=kind, name=name)


_initialise()
