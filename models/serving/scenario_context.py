"""The scenario that activities are told (EgoLog §4.3): what is known of the thirty seconds before.

The minutes before count, and the sound of a loudspeaker across the room does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.egolog.interference_gate import attended
from models.egolog.scenario_memory import remembered
from models.serving.predict import detected_scenarios

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def scenario_context(
    estimates: Sequence[tuple[float, Mapping[str, float]]], undisturbed: Mapping[str, float]
) -> dict[str, float]:
    """Return the scenarios that activities are told after the last of `estimates`.

    These are as in `remembered`; `undisturbed` takes the place of the last one's probabilities,
    unless far sound is what the wearer attends to, or nothing was left out.
    """
    whole = remembered(estimates)
    if not undisturbed or attended(detected_scenarios(whole)):
        return whole
    return remembered([*estimates[:-1], (estimates[-1][0], undisturbed)])
