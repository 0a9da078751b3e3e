from streams.demo.score import Score


def test_a_window_is_right_with_any_of_its_truths() -> None:
    score = Score()
    assert score.add(["Eating", "Watching tv"], "Watching tv")
    assert not score.add(["Eating", "Watching tv"], "Cooking")
    assert not score.add([], "Cooking")
    assert (score.right, score.total) == (1, 2)
    assert score.confusions["Eating + Watching tv", "Cooking"] == 1
