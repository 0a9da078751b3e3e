from __future__ import annotations

import numpy as np

from operators.scenario_record import scenario_record
from schemas import Activity, Scenario, ScenarioEstimate, Vector

UNSURE = 0.5
RANKING = {"ironing": 0.4, "folding laundry": 0.3, "sitting": 0.2, "typing": 0.1}


def evidence() -> ScenarioEstimate:
    return ScenarioEstimate(
        device_id="d",
        window_id="d/s/scenario/0",
        session_id="s",
        start_ns=0,
        end_ns=30,
        revision="r",
        coverage={"imu": 1.0},
        scenarios={"Cooking": 0.7},
        key_frames=[1.0],
        sound_events={},
        motion={},
        embeddings=Vector.of(np.zeros((1, 2))),
        parts={},
    )


def activity(start: int, sure: float) -> Activity:
    return Activity(
        device_id="d",
        window_id=f"d/s/har/{start}",
        session_id="s",
        start_ns=start,
        end_ns=start + 5,
        revision="r",
        activities={"standing": sure, "walking": 0.1},
        open_vocabulary=RANKING,
    )


def record(*activities: Activity) -> Scenario:
    return scenario_record(evidence(), [], activities, [], 0.5, UNSURE)


def test_every_span_keeps_the_likeliest_activity_of_the_closed_set() -> None:
    spans = record(activity(0, 0.8), activity(5, 0.3)).activities
    assert [(span.activity, span.probability) for span in spans] == [
        ("standing", 0.8),
        ("standing", 0.3),
    ]


def test_only_unsure_spans_carry_descriptions_and_the_best_three() -> None:
    sure, unsure = record(activity(0, 0.8), activity(5, 0.3)).activities
    assert sure.open_vocabulary == {}
    assert unsure.open_vocabulary == {"ironing": 0.4, "folding laundry": 0.3, "sitting": 0.2}


def test_embeddings_are_kept_for_uncertain_windows_only() -> None:
    assert record(activity(0, 0.8)).embeddings is None
    assert scenario_record(evidence(), [], [], [], 0.8, UNSURE).embeddings is not None
    # As sure as the bound is sure enough.
    assert scenario_record(evidence(), [], [], [], 0.7, UNSURE).embeddings is None


def test_a_modality_that_never_came_is_missing() -> None:
    assert record().missing == ["audio"]
