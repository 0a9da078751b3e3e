from __future__ import annotations

import pytest

from operators.doubt import LOW_CONFIDENCE, UNKNOWN_ACTIVITIES, UNKNOWN_SCENARIO, doubt
from operators.scenario_record import scenario_record
from tests.operators.estimates import activity, evidence

SURE = evidence(scenarios={"Cooking": 0.95})


def why(strange: int, count: int, /, below: float = 0.5, **changes: object) -> str | None:
    parts = [activity(5 * n, 0.9).model_copy(update={"unknown": n < strange}) for n in range(count)]
    estimate = SURE.model_copy(update=changes)
    return doubt(scenario_record(estimate, [], parts, [], 0.5), below)


@pytest.mark.parametrize(
    ("confidence", "below", "reason"),
    [(0.49, 0.5, LOW_CONFIDENCE), (0.5, 0.5, None), (0.95, 1.0, LOW_CONFIDENCE), (1.0, 1.0, None)],
)
def test_a_record_is_in_doubt_below_the_threshold(
    confidence: float, below: float, reason: str | None
) -> None:
    assert why(0, 6, below, scenarios={"Cooking": confidence}) == reason


@pytest.mark.parametrize(
    ("unknown", "count", "reason"),
    [(3, 6, None), (4, 6, UNKNOWN_ACTIVITIES), (1, 1, UNKNOWN_ACTIVITIES), (0, 0, None)],
)
def test_a_sure_record_most_of_whose_activities_are_unknown_is_in_doubt(
    unknown: int, count: int, reason: str | None
) -> None:
    assert why(unknown, count) == reason


def test_a_sure_record_that_is_unknown_is_in_doubt() -> None:
    assert why(0, 6, unknown=True) == UNKNOWN_SCENARIO


def test_the_confidence_is_the_first_reason() -> None:
    assert why(6, 6, scenarios={"Cooking": 0.1}, unknown=True) == LOW_CONFIDENCE


def test_a_threshold_of_zero_doubts_nothing() -> None:
    assert why(6, 6, below=0.0, scenarios={"Cooking": 0.0}, unknown=True) is None
