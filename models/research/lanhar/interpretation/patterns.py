"""The pattern categories of an interpretation, and which patterns a window has.

The prompt lists them for an endpoint (LanHAR fig. 6), and the template interpreter selects them by
the thresholds of `scales` and `mechanisms`, so both use the same vocabulary, as do the descriptions
of the activities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.research.lanhar.interpretation.mechanisms import MECHANISMS
from models.research.lanhar.interpretation.scales import SCALES

if TYPE_CHECKING:
    from models.research.lanhar.interpretation.analysis import Analysis

MECHANICS = "mechanics"
"""The category of the mechanisms."""

CATEGORIES: dict[str, tuple[str, ...]] = {
    **{scale.category: tuple(level.name for level in scale.levels) for scale in SCALES},
    MECHANICS: tuple(mechanism.name for mechanism in MECHANISMS),
}
"""Names of the patterns by category, as in the prompt."""


def patterns(analysis: Analysis) -> dict[str, tuple[str, ...]]:
    """Return the names of a window's patterns by category."""
    chosen: dict[str, tuple[str, ...]] = {}
    for scale in SCALES:
        level = scale.level(analysis)
        if level is not None:
            chosen[scale.category] = (level.name,)
    mechanisms = tuple(m.name for m in MECHANISMS if m.holds(analysis))
    if mechanisms:
        chosen[MECHANICS] = mechanisms
    return chosen
