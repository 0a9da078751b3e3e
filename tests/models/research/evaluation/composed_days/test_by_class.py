from __future__ import annotations

import numpy as np
import pytest

from models.labels import ACTIVITIES, SCENARIOS
from models.research.evaluation.composed_days import by_class

PREDICTED = {"sound": np.array([0, 0, 1, 1]), "motion": np.array([0, 1, 1, 2])}
TRUTH = np.array([0, 0, 1, 2])


def names() -> np.ndarray:
    """Vectors of the sixteen names: the first two alike, all others apart."""
    rows = np.eye(len(ACTIVITIES))
    rows[1] = 0.99 * rows[0] + (1 - 0.99**2) ** 0.5 * rows[1]
    return rows


def test_each_activity_has_its_windows_and_its_recall() -> None:
    found = by_class.by_class(PREDICTED, TRUTH)
    assert list(found) == list(ACTIVITIES[:3])
    assert found[ACTIVITIES[0]] == {"windows": 2, "sound": 1.0, "motion": 0.5}
    assert found[ACTIVITIES[2]] == {"windows": 1, "sound": 0.0, "motion": 1.0}


def test_of_fewer_classes_names_that_are_alike_count_as_one() -> None:
    alike = {"both": np.array([1, 0, 1, 2])}
    found = by_class.by_groups(alike, TRUTH, names())
    assert list(found) == ["2", "4", "8", "16"]
    assert found["16"]["both"] == 0.75
    assert found["8"]["both"] == 1.0


def test_activities_of_one_scenario_are_more_alike_than_those_of_two() -> None:
    scenarios = np.zeros((4, len(SCENARIOS)), bool)
    scenarios[:2, 3] = scenarios[2:, 5] = True
    found = by_class.similarity(scenarios, np.array([0, 1, 2, 2]), names())
    assert list(found) == [SCENARIOS[3], SCENARIOS[5]]
    assert found[SCENARIOS[3]]["intra"] == pytest.approx((1 + 1 + 2 * 0.99) / 4)
    assert found[SCENARIOS[5]]["intra"] == pytest.approx(1.0)
    assert found[SCENARIOS[3]]["inter"] == found[SCENARIOS[5]]["inter"] == pytest.approx(0.0)
