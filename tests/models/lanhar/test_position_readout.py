"""Correcting labels' probabilities at one position."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import torch

from models.lanhar.position_readout import PositionReadout, ReadoutConfig, redistribute
from models.lanhar.readout_weights import ReadoutWeights
from models.lanhar.rotation_invariant import MEASURES
from models.network.softmax import softmax

NAMES = ("lying", "walking", "sitting", "eating")
LOGITS = np.array([0.5, 1.0, -1.0, 2.0])
RNG = np.random.default_rng(0)
MEASURED = RNG.normal(size=len(MEASURES)).astype(np.float32)


def weights() -> ReadoutWeights:
    torch.manual_seed(0)
    made = ReadoutWeights(ReadoutConfig(names=("eating", "walking"), hidden=8))
    made.centre.copy_(torch.randn(len(made.centre)))
    made.spread.copy_(torch.rand(len(made.spread)) + 0.1)
    return made.eval()


def readout() -> PositionReadout:
    made = weights()
    return PositionReadout.of(asdict(made.config), made.state_dict(), "abc")


def test_the_arrays_compute_what_the_network_does() -> None:
    made = weights()
    with torch.inference_mode():
        expected = made(made.standardised(torch.from_numpy(MEASURED[None])))[0]
    np.testing.assert_allclose(readout().corrections(MEASURED), expected, atol=1e-5)


def test_known_labels_keep_their_probability_together_and_others_each_their_own() -> None:
    before = softmax(LOGITS)
    after = redistribute(NAMES, LOGITS, ("eating", "walking"), np.array([-3.0, 0.0]))
    assert np.array_equal(after[[0, 2]], before[[0, 2]])
    assert after[[1, 3]].sum() == pytest.approx(before[[1, 3]].sum())
    assert after[3] / after[1] == pytest.approx(np.exp(LOGITS[3] - 3.0 - LOGITS[1]))


def test_known_labels_that_are_not_in_force_change_nothing() -> None:
    corrections = np.array([5.0])
    assert np.array_equal(redistribute(NAMES, LOGITS, ("cycling",), corrections), softmax(LOGITS))


def test_a_label_is_corrected_wherever_it_stands() -> None:
    order = [3, 1, 0, 2]
    turned = readout().shares([NAMES[at] for at in order], LOGITS[order], MEASURED)
    np.testing.assert_allclose(turned, readout().shares(NAMES, LOGITS, MEASURED)[order])


def test_a_measure_far_from_all_that_was_learned_counts_as_the_farthest() -> None:
    far, farther = (np.full(len(MEASURES), value, np.float32) for value in (1e3, 1e6))
    assert np.array_equal(readout().corrections(far), readout().corrections(farther))
    assert readout().shares(NAMES, LOGITS, farther).sum() == pytest.approx(1)
