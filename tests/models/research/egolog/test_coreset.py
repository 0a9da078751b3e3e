from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.egolog.contrastive import ENCODERS
from models.finetuning.coreset import Coreset
from models.labels import SCENARIOS
from models.research.egolog.coreset import choose_balanced, write
from models.serving.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path


def test_features_are_kept_to_a_hundredth_of_their_range(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    audio = rng.normal(0, 3, (4, 15, 256)).astype(np.float32)
    imu = rng.normal(0, 1, (4, 15, 128)).astype(np.float32)
    labels = np.eye(len(SCENARIOS), dtype=np.float32)[:4]
    out = np.array([False, True, False, True])
    path = tmp_path / "coreset.npz"
    write(path, Registry().load(ENCODERS).revision, audio, imu, labels, out)
    found = Coreset.load(path=path)
    np.testing.assert_array_equal(found.held_out.labels, labels[out])
    rows = found.train.rows.astype(np.float32)
    assert np.abs(rows[..., :256] - audio[~out]).max() < np.abs(audio).max() / 100
    assert np.abs(rows[..., 256:384] - imu[~out]).max() < np.abs(imu).max() / 100
    # What the shared space makes of the features, and that both were there.
    np.testing.assert_allclose(np.linalg.norm(rows[..., 384:512], axis=-1), 1, atol=1e-2)
    assert (rows[..., -2:] == 1).all()


def test_windows_are_chosen_so_that_scenarios_are_met_equally_often() -> None:
    rng = np.random.default_rng(0)
    labels = np.zeros((500, 16), np.float32)
    frequent = rng.random(500) < 0.8
    labels[np.arange(500), np.where(frequent, 0, rng.integers(0, 16, 500))] = 1
    chosen = choose_balanced(labels, 60, rng)
    assert len(set(chosen.tolist())) == 60
    counts = labels[chosen].sum(axis=0)
    assert counts.max() - counts.min() <= 2
