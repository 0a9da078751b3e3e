"""The scenarios that condition activity recognition (EgoLog §4.3).

They are filtered over the preceding minutes, without the sound of far sources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.egolog.interference_gate import is_attended
from models.egolog.scenario_memory import smooth_estimates
from models.serving.predict import detected_scenarios

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def scenario_context(
    estimates: Sequence[tuple[float, Mapping[str, float]]], undisturbed: Mapping[str, float]
) -> dict[str, float]:
    """Return the scenarios for activity windows after the last of `estimates`.

    estimates: as in `smooth_estimates`. undisturbed: the last window's probabilities without far
    sound, which replace its own unless the wearer attends to far sound, or no sound was left out.
    """
    whole = smooth_estimates(estimates)
    if not undisturbed or is_attended(detected_scenarios(whole)):
        return whole
    return smooth_estimates([*estimates[:-1], (estimates[-1][0], undisturbed)])
