import numpy as np
import pytest

from models.research.evaluation.localization.rendered import SourceSeconds, _by_turn, _calibration
from schemas.evidence import REGIONS

FRONT, LEFT, BACK = (REGIONS.index(name) for name in ("front-near", "left-far", "back-far"))


def judged(predicted: list[int], true: list[int]) -> SourceSeconds:
    probability = np.full((len(predicted), 8), 0.01, np.float32)
    probability[np.arange(len(predicted)), predicted] = 0.9
    return SourceSeconds.of(probability, np.eye(8, dtype=np.float32)[true])


def test_direction_and_distance_are_counted_apart() -> None:
    found = judged([FRONT, LEFT, BACK - 1, BACK], [FRONT, LEFT, BACK, FRONT]).figures()
    assert found["direction_accuracy"] == 0.75
    assert found["distance_accuracy"] == 0.5
    assert np.sum(found["confusion"]) == 4


def test_front_back_error_counts_only_what_lies_ahead_or_behind() -> None:
    # One of three answered with its opposite; the source at the left does not count.
    assert judged([BACK, FRONT, LEFT, FRONT], [FRONT, FRONT, BACK, LEFT]).front_back_error() == (
        pytest.approx(1 / 3)
    )
    assert judged([LEFT], [LEFT]).front_back_error() is None


def test_a_direction_is_as_likely_as_near_and_far_together() -> None:
    probability = np.zeros((1, 8), np.float32)
    probability[0, [FRONT, FRONT + 1, LEFT]] = [0.4, 0.4, 0.6]
    regions = np.eye(8, dtype=np.float32)[[FRONT]]
    assert SourceSeconds.of(probability, regions).figures()["direction_accuracy"] == 1


def test_seconds_are_sorted_by_how_fast_the_head_turns() -> None:
    rows = _by_turn(judged([FRONT, BACK, BACK], [FRONT, FRONT, BACK]), np.array([1.0, 5.0, 50.0]))
    assert [row["seconds"] for row in rows] == [1, 1, 0, 1]
    assert [row["direction_accuracy"] for row in rows] == [1.0, 0.0, None, 1.0]


def test_calibration_compares_what_was_said_with_what_was_true() -> None:
    rows = _calibration(np.array([[0.95, 0.95, 0.05]]), np.array([[1.0, 0.0, 0.0]]))
    assert rows[-1]["said"] == pytest.approx(0.95)
    assert rows[-1]["true"] == 0.5
    assert rows[0]["count"] == 1
