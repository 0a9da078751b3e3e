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


def test_labels_that_say_the_same_twice_count_once() -> None:
    walking = [TruthSpan(0, 2, "activity", name) for name in ("walking", "Walking", "walking")]
    truth = WindowTruth([*walking, TruthSpan(2, 5, "activity", "sitting")])
    assert truth.labels("activity", 0, 5) == ["sitting"]
    assert truth.labels("activity", 0, 3) == ["walking"]


def test_the_edge_of_a_label_is_no_label_of_a_window() -> None:
    truth = WindowTruth(
        [
            TruthSpan(0, 501, "activity", "walking"),
            TruthSpan(501, 620, "activity", "sitting"),
            TruthSpan(0, 1_400, "scenario", "Cooking"),
            TruthSpan(1_300, 1_500, "activity", "Standing up"),
        ]
    )
    assert truth.labels("activity", 0, 500) == ["walking"]
    assert truth.labels("activity", 500, 1_000) == []
    assert truth.labels("activity", 500, 740) == ["sitting"]
    assert truth.labels("scenario", 0, 3_000) == []
    assert truth.labels("scenario", 0, 2_800) == ["Cooking"]
    # A change of posture is enough by itself.
    assert truth.labels("activity", 1_200, 1_700) == ["Standing up"]
    assert truth.labels("activity", 1_400, 1_900) == []


def test_a_long_label_is_found_behind_later_short_ones() -> None:
    short = [TruthSpan(at, at + 1, "activity", "sitting") for at in range(0, 900, 10)]
    truth = WindowTruth([TruthSpan(0, 1_000, "activity", "walking"), *short])
    assert truth.labels("activity", 940, 990) == ["walking"]
    assert truth.labels("activity", 890, 895) == ["walking"]


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
