"""Training the readout of labels in pockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from models.lanhar.label_memory import LabelMemory
from models.lanhar.position_readout import ReadoutConfig
from models.lanhar.rotation_invariant import MEASURES
from models.research.lanhar.training.pocket_windows import PocketWindows
from models.research.lanhar.training.position_readout_check import leave_one_out, score_ranking
from models.research.lanhar.training.readout_training import ReadoutSettings, train_readout

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAMES = ("sitting", "eating", "lying")
CONFIG = ReadoutConfig(names=("sitting", "eating"), hidden=16)
SETTINGS = ReadoutSettings(steps=150, batch=64, rate=1e-2)


def still(wearers: tuple[str, ...] = ("a", "b"), count: int = 40, seed: int = 0) -> PocketWindows:
    """Return windows of sitting, then eating, of each wearer.

    Their logits are alike and those of sitting, and one measure is higher while they eat.
    """
    rng = np.random.default_rng(seed)
    eats = np.tile(np.arange(count) >= count // 2, len(wearers))
    logits = rng.normal([1.0, 0.0, -3.0], 0.1, (len(eats), 3))
    measures = rng.normal(size=(len(eats), len(MEASURES))).astype(np.float32)
    measures[:, 0] += np.where(eats, 3.0, -3.0)
    return PocketWindows(
        np.repeat(wearers, count),
        np.tile(np.arange(count) * 5.0, len(wearers)),
        logits,
        logits,
        np.stack([~eats, eats, np.zeros_like(eats)], axis=1),
        measures,
    )


def corrections(part: PocketWindows, seed: int = 0) -> NDArray[np.float32]:
    module = train_readout([(still(count=400), 1.0)], CONFIG, NAMES, seed, SETTINGS)
    with torch.inference_mode():
        added = module(module.standardised(torch.from_numpy(part.measures)))
    values: NDArray[np.float32] = added.numpy()
    return values


def test_a_readout_separates_by_measures_what_the_encoder_does_not() -> None:
    part = still(("c",), seed=1)
    corrected = part.logits[:, :2] + corrections(part)
    hit = part.right[np.arange(len(corrected)), corrected.argmax(axis=1)]
    assert hit.mean() > 0.9


def test_the_same_seed_gives_the_same_readout() -> None:
    part = still(("c",), seed=1)
    assert np.array_equal(corrections(part), corrections(part))
    assert not np.array_equal(corrections(part), corrections(part, seed=1))


def test_windows_of_labels_that_are_not_learned_are_left_out() -> None:
    part = still()
    part.right[::2] = [False, False, True]
    part.measures[::2] = 1e6
    module = train_readout([(part, 1.0)], CONFIG, NAMES, 0, SETTINGS)
    assert float(module.centre.abs().max()) < 10


def test_each_validation_user_is_left_out_once() -> None:
    learned, checked = [still(), still(("x",))], [still(("c", "d")), still(("y",))]
    turns = list(leave_one_out(learned, checked))
    left_out = [[set(part.wearers.tolist()) for part in own] for _, own in turns]
    assert left_out == [[{"c"}, {"y"}], [{"d"}, set()]]
    for (others, _), own in zip(turns, left_out, strict=True):
        known = [set(part.wearers.tolist()) for part in others]
        assert known == [{"a", "b", "c", "d"} - own[0], {"x", "y"} - own[1]]


def test_a_sure_and_wrong_window_is_counted_and_either_right_label_is_right() -> None:
    part = still(("c",), count=4)
    shares = np.tile([0.98, 0.01, 0.01], (4, 1))
    memory = LabelMemory(NAMES, 1.0, {})
    wrong = score_ranking(memory, "pocket", part, shares)
    assert wrong.confidently_wrong == 0.5
    assert wrong.macro_f1 == pytest.approx((2 / 3) / 2)
    assert wrong.level == 1.0
    part.right[:] = [True, True, False]
    right = score_ranking(memory, "pocket", part, shares)
    assert (right.macro_f1, right.confidently_wrong) == (1.0, 0.0)
