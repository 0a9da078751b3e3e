import numpy as np

from models.labels import ACTIVITIES
from models.recordings.protocol import TruthSpan
from models.recordings.window_truth import WindowTruth
from models.research.egolog.days.encoded import window_activities
from models.simulation.life import day_plan
from models.simulation.rendering.ground_truth import activity_of


def test_scenarios_that_go_on_together_are_both_true() -> None:
    truth = WindowTruth(
        [
            TruthSpan(0, 60, "scenario", "Eating"),
            TruthSpan(0, 60, "scenario", "Watching tv"),
            TruthSpan(60, 90, "scenario", "Cooking"),
        ]
    )
    assert truth.labels("scenario", 30, 60) == ["Eating", "Watching tv"]
    assert truth.labels("scenario", 60, 90) == ["Cooking"]
    assert truth.labels("scenario", 50, 80) == ["Cooking"]
    assert truth.labels("activity", 0, 90) == []


def test_a_posture_change_is_the_activity_of_a_window_of_which_it_fills_two_fifths() -> None:
    truth = WindowTruth(
        [
            TruthSpan(0, 8, "activity", "sitting"),
            TruthSpan(8, 10, "activity", "standing up"),
            TruthSpan(10, 14, "activity", "standing"),
            TruthSpan(14, 15, "activity", "sitting down"),
        ]
    )
    assert truth.labels("activity", 0, 5) == ["sitting"]
    assert truth.labels("activity", 5, 10) == ["standing up"]
    assert truth.labels("activity", 10, 15) == ["standing"]


def test_the_demo_and_the_training_name_the_windows_of_a_day_alike() -> None:
    # A fixed day of the simulation: what is planned for each second is what training sees.
    plan = day_plan.day(7, 24)
    spans = [TruthSpan(a.start_s, a.stop_s, "activity", a.label) for a in plan.activities]
    seconds = np.zeros(plan.seconds, np.int8)
    for span in spans:
        seconds[span.start_ns : span.end_ns] = ACTIVITIES.index(span.label)
    trained = window_activities(seconds[None])[0]
    truth = WindowTruth(spans)
    for window, activity in enumerate(trained):
        start_s = 5 * window
        assert ACTIVITIES[activity] in truth.labels("activity", start_s, start_s + 5)
        assert activity_of(plan, start_s, 5) in truth.labels("activity", start_s, start_s + 5)
