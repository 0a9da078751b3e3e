"""Which scenario records somebody else should look at, and why (EgoLog §4.4).

The paper asks below a confidence of 0.5. A network is confident of what it never learned from too,
so a record that is unknown, or most of whose activities are, is asked about whatever it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas import Scenario

LOW_CONFIDENCE = "confidence below threshold"
UNKNOWN_SCENARIO = "scenario unknown"
UNKNOWN_ACTIVITIES = "most activities unknown"


def doubt(record: Scenario, below: float) -> str | None:
    """Return why a record is in doubt, None where it is not.

    It is below a confidence of `below`, where it is unknown, and where more than half of its
    activities are. A `below` of 0 doubts nothing.
    """
    if below <= 0:
        return None
    if record.confidence < below:
        return LOW_CONFIDENCE
    if record.unknown:
        return UNKNOWN_SCENARIO
    unknown = sum(span.unknown for span in record.activities)
    return UNKNOWN_ACTIVITIES if 2 * unknown > len(record.activities) else None
