"""Training the readout of labels in pockets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from models.lanhar.label_memory import LabelMemory
from models.lanhar.position_readout import ReadoutConfig
from models.lanhar.readout_weights import LANHAR_READOUT, ReadoutWeights
from models.lanhar.rotation_invariant import MEASURES
from models.research.lanhar.training import position_readout
from models.research.lanhar.training.pocket_windows import PocketWindows
from models.research.lanhar.training.position_readout_check import leave_one_out, score_ranking
from models.research.lanhar.training.readout_training import ReadoutSettings, train_readout
from models.serving.registry import Registry
from tests.models import fresh

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.mark.parametrize("option", [False, True])
def test_a_readout_is_written_beside_the_encoder_it_corrects_unless_told_otherwise(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    option: bool,
) -> None:
    shipped = SimpleNamespace(names=NAMES)
    monkeypatch.setattr(position_readout, "needed_recordings", lambda *_: tmp_path)
    monkeypatch.setattr(
        position_readout,
        "require_lanhar",
        lambda *_, **__: SimpleNamespace(shipped=shipped, revision="0" * 12),
    )
    monkeypatch.setattr(position_readout, "read", lambda *_, **__: None)
    monkeypatch.setattr(position_readout, "score_windows", lambda *_: still())
    monkeypatch.setattr(position_readout, "train_readout", lambda *_: ReadoutWeights(CONFIG))
    own, out = fresh.registry(tmp_path / "own"), tmp_path / "out"
    before = own.weights(LANHAR_READOUT).revision
    given = ["--out", str(out)] if option else []
    assert position_readout.main(["--weights", str(own.weights_dir), *given]) == 0
    made = capsys.readouterr().out.strip()
    assert own.weights(LANHAR_READOUT).revision == (before if option else made) != ""
    assert out.exists() == option
    if option:
        assert Registry(out).weights(LANHAR_READOUT).revision == made


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
