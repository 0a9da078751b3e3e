"""Selects the scenario records to refine, with the reason (EgoLog §4.4).

The paper refines below a confidence of 0.5. But a network can be confident about data unlike its
training data, so a record is also refined if it, or most of its activities, are unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas import Scenario

LOW_CONFIDENCE = "confidence below threshold"
UNKNOWN_SCENARIO = "scenario unknown"
UNKNOWN_ACTIVITIES = "most activities unknown"


def doubt(record: Scenario, below: float) -> str | None:
    """Return why a record is uncertain, None if it is not.

    It is if its confidence is less than `below`, if it is unknown, or if more than half of its
    activities are. With a `below` of 0 no record is uncertain.
    """
    if below <= 0:
        return None
    if record.confidence < below:
        return LOW_CONFIDENCE
    if record.unknown:
        return UNKNOWN_SCENARIO
    unknown = sum(span.unknown for span in record.activities)
    return UNKNOWN_ACTIVITIES if 2 * unknown > len(record.activities) else None
