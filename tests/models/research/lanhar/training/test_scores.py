import numpy as np
import pytest

from models.research.lanhar.training.scores import (
    accuracy,
    category_macro_f1,
    macro_f1,
    scores,
    scores_with_categories,
)


def names(*values: str) -> np.ndarray:
    return np.array(values, dtype=np.str_)


def test_macro_f1_weighs_every_true_label_alike() -> None:
    true = names("walking", "walking", "walking", "sitting")
    assert macro_f1(true, true) == 1
    assert macro_f1(true, names(*["walking"] * 4)) == pytest.approx((6 / 7) / 2)


def test_a_label_that_is_never_true_has_no_score_of_its_own() -> None:
    found = names("walking", "running")
    assert macro_f1(names("walking", "walking"), found) == pytest.approx(2 / 3)


def test_a_mistake_within_a_category_costs_nothing_there() -> None:
    true, found = names("going upstairs", "sitting"), names("going downstairs", "sitting")
    assert accuracy(true, found) == 0.5
    assert category_macro_f1(true, found) == 1


def test_no_readings_score_nothing() -> None:
    assert accuracy(names(), names()) == 0
    assert macro_f1(names(), names()) == 0


def test_kept_scores_have_four_places() -> None:
    true = names("walking", "going upstairs", "sitting")
    found = names("walking", "going downstairs", "sitting")
    assert scores(true, found) == {"accuracy": 0.6667, "macro_f1": 0.6667}
    assert scores_with_categories(true, found) == {**scores(true, found), "category_macro_f1": 1}
