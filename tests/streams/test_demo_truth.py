from models.recordings.protocol import TruthSpan
from streams.demo.truth import Score, Truth


def test_scenarios_that_go_on_together_are_both_true() -> None:
    truth = Truth(
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


def test_a_window_is_right_with_any_of_its_truths() -> None:
    score = Score()
    assert score.add(["Eating", "Watching tv"], "Watching tv")
    assert not score.add(["Eating", "Watching tv"], "Cooking")
    assert not score.add([], "Cooking")
    assert (score.right, score.total) == (1, 2)
    assert score.confusions["Eating + Watching tv", "Cooking"] == 1
