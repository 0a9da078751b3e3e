import numpy as np
import pytest

from models.research.lib.metrics import (
    accuracy,
    chance_f1,
    confusion,
    macro_f1,
    macro_f1_of_labels,
    micro_f1,
    separation,
)


def test_scores_know_right_from_wrong() -> None:
    truth = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=np.float32)
    assert micro_f1(truth, truth) == 1
    assert micro_f1(1 - truth, truth) == 0
    assert micro_f1(np.array([[0.6, 0.6]], np.float32), np.array([[1, 0]], np.float32)) == (
        pytest.approx(2 / 3)
    )
    assert macro_f1(np.array([0, 0, 0, 0]), np.array([0, 0, 1, 1])) == pytest.approx(1 / 3)
    assert accuracy(np.array([1, 2, 3, 4]), np.array([1, 2, 0, 0])) == 0.5


def test_each_label_that_occurs_counts_alike() -> None:
    truth = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0]], dtype=np.float32)
    probabilities = np.array([[0.9, 0, 0.9], [0.9, 0, 0], [0.9, 0.4, 0]], dtype=np.float32)
    # The first label is always right, the second never, and the third does not occur.
    assert macro_f1_of_labels(probabilities, truth) == pytest.approx(0.5)
    assert macro_f1_of_labels(probabilities, np.zeros((3, 3), np.float32)) == 0.0


def test_chance_is_the_best_that_says_the_same_of_everything() -> None:
    truth = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], dtype=np.float32)
    # The first label always: 3 of 4 right; both labels always: 4 hits, 4 misses.
    assert chance_f1(truth) == pytest.approx(0.75)


def test_confusion_counts_the_true_class_by_row() -> None:
    counts = confusion(np.array([1, 1, 0, 2]), np.array([0, 1, 0, 2]), 3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert counts.dtype == np.int64


def test_separation_is_the_share_of_pairs_in_the_right_order() -> None:
    score = np.array([0.9, 0.4, 0.4, 0.1], np.float32)
    right = np.array([True, True, False, False])
    # Three of four pairs, and half of the one that is even.
    assert separation(score, right) == pytest.approx(0.875)
    assert separation(score, ~right) == pytest.approx(0.125)
    assert separation(score, np.ones(4, bool)) == 0.5
