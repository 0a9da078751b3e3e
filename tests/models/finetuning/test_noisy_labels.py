from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.finetuning.noisy_labels import WEARER_SURENESS, Trust, word_of_wearers

Array = NDArray[np.float32]
COUNT = 400
SIGHT = 2.0


def world(accuracy: float, seed: int = 0) -> tuple[Array, Array, Array]:
    """Return (truth, the network's probabilities, labels of an accuracy) of windows (N, 16)."""
    rng = np.random.default_rng(seed)
    truth = np.eye(16, dtype=np.float32)[rng.integers(0, 16, COUNT)]
    # A network that is as sure as it is right: Bayes' rule on a noisy sight of each scenario.
    seen = rng.normal(SIGHT * truth, 1)
    odds = np.log(1 / 15) + SIGHT * seen - SIGHT**2 / 2
    wrong = rng.integers(0, 16, COUNT)
    right = rng.random(COUNT) < accuracy
    labels = np.where(right[:, None], truth, np.eye(16, dtype=np.float32)[wrong])
    return truth, (1 / (1 + np.exp(-odds))).astype(np.float32), labels.astype(np.float32)


def wrong(belief: Array, truth: Array) -> float:
    return float((belief.argmax(axis=1) != truth.argmax(axis=1)).mean())


def test_how_often_labels_are_right_is_told_from_their_agreement_with_the_network() -> None:
    shares = []
    for accuracy in (0.9, 0.7, 0.4):
        _, prior, labels = world(accuracy)
        shares.append(float(Trust.of(prior, labels).if_true.mean()))
    assert shares[0] > shares[1] > shares[2]
    assert shares == pytest.approx([0.9, 0.7, 0.44], abs=0.05)


def test_belief_is_righter_than_the_network_and_than_the_labels() -> None:
    truth, prior, labels = world(0.7)
    belief = Trust.of(prior, labels).belief(prior, labels)
    assert wrong(belief, truth) < wrong(prior, truth)
    assert wrong(belief, truth) < wrong(labels, truth)


def test_labels_by_chance_change_little() -> None:
    truth, prior, labels = world(0.0)
    trust = Trust.of(prior, labels)
    assert np.median(trust.if_true / trust.if_false) < 1.5
    belief = trust.belief(prior, labels)
    assert wrong(belief, truth) < wrong(prior, truth) + 0.02


def test_one_label_for_everything_says_nothing() -> None:
    _, prior, labels = world(1.0)
    labels[:] = 0
    labels[:, 3] = 1
    trust = Trust.of(prior, labels)
    assert trust.if_true[3] / trust.if_false[3] < 1.2
    belief = trust.belief(prior, labels)
    assert abs(float(belief[:, 3].mean()) - float(prior[:, 3].mean())) < 0.05


def test_each_labeller_is_trusted_as_far_as_its_own_labels_agree() -> None:
    truth, prior, labels = world(0.9)
    _, _, by_chance = world(0.0)
    who = np.where(np.arange(COUNT) % 4, "often right", "by chance")
    chance = who == "by chance"
    mixed = np.where(chance[:, None], by_chance, labels)
    trust = Trust.of_labellers(prior, mixed, who)
    assert trust.if_true.shape == trust.if_false.shape == (COUNT, 16)
    for name in ("often right", "by chance"):
        alone = Trust.of(prior[who == name], mixed[who == name])
        np.testing.assert_array_equal(
            trust.if_true[who == name], np.tile(alone.if_true, (sum(who == name), 1))
        )
    belief = trust.belief(prior, mixed)
    as_one = Trust.of(prior, mixed).belief(prior, mixed)
    assert wrong(belief[chance], truth[chance]) < wrong(as_one[chance], truth[chance]) - 0.1
    assert wrong(belief[~chance], truth[~chance]) < wrong(prior[~chance], truth[~chance])


def test_the_wearers_word_is_what_went_on_near_enough() -> None:
    labels = np.eye(16, dtype=np.float32)[:2]
    belief = word_of_wearers(labels)
    assert belief.dtype == np.float32
    assert belief[0, 0] == np.float32(WEARER_SURENESS)
    assert np.allclose(belief[0, 1:], 1 - WEARER_SURENESS)


def test_where_wearers_named_everything_others_are_trusted_as_before_anything_was_seen() -> None:
    nothing = np.zeros((0, 16), np.float32)
    trust = Trust.of(nothing, nothing)
    assert (trust.if_true > 0.5).all()
    assert (trust.if_false < 0.1).all()
