"""The name of an activity: the closed set's, or a description's if the confidence is low.

The closed set (EgoLog §4.3) has sixteen activities and must choose one of them; the open vocabulary
(LanHAR §3.6) has all that were described. So the closed set decides if it is confident; otherwise
the more confident of the two does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from schemas.ranking import rank_labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.message import Probabilities


@dataclass(frozen=True)
class NamedActivity:
    """An activity's name and probability; `described` where the open vocabulary gave both."""

    name: str
    probability: float
    described: bool = False


def name_activity(
    activities: Mapping[str, float], open_vocabulary: Mapping[str, float], unsure_below: float
) -> NamedActivity | None:
    """Return the name of one activity window, None if there is neither estimate."""
    closed, described = rank_labels(activities, 1), rank_labels(open_vocabulary, 1)
    if described and is_unsure(activities, unsure_below):
        name, probability = described[0]
        if not closed or probability > closed[0][1]:
            return NamedActivity(name, probability, described=True)
    return NamedActivity(*closed[0]) if closed else None


def descriptions_in_doubt(
    activities: Mapping[str, float],
    open_vocabulary: Mapping[str, float],
    unsure_below: float,
    most: int,
) -> Probabilities:
    """Return the `most` likeliest descriptions if the closed set's confidence is low, else none."""
    unsure = is_unsure(activities, unsure_below)
    return dict(rank_labels(open_vocabulary, most)) if unsure else {}


def is_unsure(activities: Mapping[str, float], unsure_below: float) -> bool:
    """Return whether the closed set's likeliest activity is less likely than `unsure_below`."""
    return max(activities.values(), default=0.0) < unsure_below
