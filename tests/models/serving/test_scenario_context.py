from __future__ import annotations

from models.egolog.scenario_memory import smooth_estimates
from models.serving.scenario_context import scenario_context

BEFORE = (0.0, {"Cooking": 0.7, "Eating": 0.1})
DISTURBED = {"Cooking": 0.2, "Eating": 0.3}
QUIET = {"Cooking": 0.6, "Eating": 0.1}


def test_activities_are_given_what_is_known_without_far_only_sound() -> None:
    assert scenario_context([(0.0, DISTURBED)], QUIET) == QUIET
    assert scenario_context([BEFORE, (30.0, DISTURBED)], QUIET) == smooth_estimates(
        [BEFORE, (30.0, QUIET)]
    )


def test_where_nothing_was_left_out_they_are_given_the_estimate() -> None:
    assert scenario_context([BEFORE, (30.0, DISTURBED)], {}) == smooth_estimates(
        [BEFORE, (30.0, DISTURBED)]
    )
    assert scenario_context([], {}) == {}


def test_far_sound_that_is_attended_to_does_not_disturb() -> None:
    watched = {"Cooking": 0.1, "Watching tv": 0.9}
    assert scenario_context([(0.0, watched)], QUIET) == watched
