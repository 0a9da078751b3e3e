from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from models.egolog.correction_adapter import CorrectionAdapter
from models.labels import SCENARIOS

COUNT = len(SCENARIOS)


def estimates(number: int, seed: int = 0) -> np.ndarray:
    """Return what a network may say of windows: unsure of all, and mistaken about the first."""
    found = np.random.default_rng(seed).uniform(0.01, 0.2, (number, COUNT))
    found[:, 0] = 0.8
    return found


def one_scenario(number: int, scenario: int) -> np.ndarray:
    labels = np.zeros((number, COUNT), dtype=bool)
    labels[:, scenario] = True
    return labels


def after(adapter: CorrectionAdapter, window: np.ndarray) -> np.ndarray:
    probabilities: np.ndarray = expit(logit(window) + adapter.shift(logit(window)))
    return probabilities


def test_a_window_like_the_corrected_ones_is_what_the_wearer_said() -> None:
    adapter = CorrectionAdapter("n", estimates(20), one_scenario(20, 3), "c1")
    (like,) = estimates(1, seed=1)
    found = after(adapter, like)
    assert found[0] < 0.5 < found[3]
    assert np.argmax(found) == 3


def test_a_window_unlike_the_corrected_ones_stays_as_it_was() -> None:
    adapter = CorrectionAdapter("n", estimates(20), one_scenario(20, 3), "c1")
    unlike = np.where(np.arange(COUNT) % 2, 0.99, 0.01)
    np.testing.assert_allclose(after(adapter, unlike), unlike, atol=1e-3)


def test_one_correction_moves_less_than_many() -> None:
    (like,) = estimates(1, seed=1)
    one, many = (
        after(CorrectionAdapter("n", estimates(n), one_scenario(n, 3), "c"), like)[3]
        for n in (1, 20)
    )
    assert like[3] < one < many


def test_hundreds_of_like_words_go_no_further_than_what_they_say() -> None:
    # A step of Newton's method alone would go too far here.
    same = np.repeat(estimates(1), 200, axis=0)
    found = after(CorrectionAdapter("n", same, one_scenario(200, 3), "c"), same[0])
    assert 0.9 < found[3] <= 0.98
    assert 0.02 <= found[0] < 0.1


def test_the_order_of_corrections_changes_nothing() -> None:
    windows, labels = estimates(30), one_scenario(30, 3)
    labels[::2] = one_scenario(15, 5)
    (like,) = estimates(1, seed=1)
    order = np.random.default_rng(0).permutation(30)
    found = [
        CorrectionAdapter("n", windows[at], labels[at], "c").shift(logit(like))
        for at in (np.arange(30), order)
    ]
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)


def test_shapes_that_do_not_agree_are_named() -> None:
    with pytest.raises(ValueError, match=r"\(2, 16\) and labels \(3, 16\)"):
        CorrectionAdapter("n", estimates(2), one_scenario(3, 0), "c")
