from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.labels import SCENARIOS
from models.research.egolog.households.records import HouseholdWindows
from models.research.evaluation.self_training.annotators import Annotator, Oracle
from models.research.evaluation.self_training.refining import by_threshold, gains
from models.research.evaluation.self_training.refining import refine as refined_by_answers
from models.research.evaluation.self_training.uncertainty import log_labels, uncertain
from tests.models.research.egolog.households.lives import household_windows

Array = NDArray[np.float32]


def refined(days: HouseholdWindows, estimates: Array, annotator: Annotator) -> Array:
    asked = annotator.looks_at(estimates)
    return refined_by_answers(estimates, asked, annotator(days, estimates, asked))


def test_in_doubt_the_likeliest_scenario_stands_and_otherwise_all_from_a_half_on() -> None:
    estimates = np.full((2, len(SCENARIOS)), 0.1, np.float32)
    estimates[0, [2, 5]] = 0.6, 0.5
    estimates[1, 3] = 0.4
    assert uncertain(estimates).tolist() == [1]
    assert [np.flatnonzero(row).tolist() for row in log_labels(estimates)] == [[2, 5], [3]]


def test_only_windows_in_doubt_are_asked_about_and_replaced() -> None:
    days = household_windows(12, uncertainty=[4, 9])
    refined_labels = refined(days, days.scenarios, Oracle(1.0))
    assert np.array_equal(refined_labels, days.truth)
    wrong = refined(days, days.scenarios, Oracle(0.0))
    changed = np.flatnonzero((wrong != days.truth).any(axis=1))
    assert changed.tolist() == [4, 9]


def test_who_says_nothing_leaves_what_stands() -> None:
    class Silent:
        provenance = "silent"

        def looks_at(self, estimates: Array) -> NDArray[np.int64]:
            return uncertain(estimates)

        def __call__(self, days: Any, estimates: Any, asked: Any) -> list[list[str]]:
            return [[], []]

    days = household_windows(12, uncertainty=[4, 9])
    assert np.array_equal(refined(days, days.scenarios, Silent()), log_labels(days.scenarios))
    found = gains(days, Silent())
    assert (found["answered"], found["uncertain_after"]) == (0.0, found["uncertain_before"])


def test_who_looks_at_all_windows_replaces_sure_ones_too() -> None:
    days = household_windows(12, uncertainty=[4, 9])
    wrong = refined(days, days.scenarios, Oracle(0.0, always=True))
    assert (wrong != days.truth).any(axis=1).all()
    found = gains(days, Oracle(0.0, always=True))
    assert (found["windows"], found["answered"], found["all_after"]) == (2, 1.0, 0.0)


def test_an_answer_stands_below_a_confidence_of_the_network_alone() -> None:
    days = household_windows(12, uncertainty=[4, 9])
    found = by_threshold(days, Oracle(0.0, always=True))
    assert found["none"] == pytest.approx(10 / 12)
    assert found["0.5"] == found["none"]
    assert found["all"] == 0.0


def test_gains_are_of_the_windows_in_doubt_and_of_all() -> None:
    found = gains(household_windows(12, uncertainty=[4, 9]), Oracle(1.0))
    assert found["windows"] == 2
    assert (found["uncertain_before"], found["uncertain_after"]) == (0.0, 1.0)
    assert found["all_before"] == pytest.approx(10 / 12)
    assert found["all_after"] == 1.0
