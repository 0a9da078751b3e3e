import numpy as np
import pytest

from models.lanhar.descriptions import describe
from models.research.lanhar.interpretation.patterns import CATEGORIES, MECHANICS
from models.research.lanhar.training.expected_patterns import expectation, synthesise, synthesised


def test_shares_of_a_scale_add_up_to_one() -> None:
    expected = expectation(describe("running"))
    for category, shares in expected.items():
        if category != MECHANICS:
            assert shares.sum() == pytest.approx(1)


def test_a_named_pattern_is_likeliest_and_its_neighbour_next() -> None:
    shares = expectation(["a strong movement of large amplitude"])["amplitude of movement"]
    place = CATEGORIES["amplitude of movement"].index("strong movement")
    assert shares.argmax() == place
    assert shares[place + 1] > shares[0]


def test_categories_that_nothing_is_said_about_are_even_and_left_out() -> None:
    expected = expectation(["nothing of use"])
    assert np.ptp(expected["rotation"]) == 0
    assert synthesise(expected, np.random.default_rng(0)) == ""


def test_running_flies_and_lying_does_not() -> None:
    place = CATEGORIES[MECHANICS].index("flight between steps")
    assert expectation(describe("running"))[MECHANICS][place] > 0.5
    assert expectation(describe("lying"))[MECHANICS][place] == 0


def test_imagined_interpretations_vary_and_repeat_with_their_seed() -> None:
    first = synthesised("walking", 5, np.random.default_rng(1))
    assert first == synthesised("walking", 5, np.random.default_rng(1))
    assert len(set(first)) > 1
