from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.finetuning.coreset import FILE, Coreset, CoresetError, balanced, write
from models.labels import SCENARIOS
from models.serving.registry import Registry
from tests.models.finetuning.windows import coreset, f1, shipped

if TYPE_CHECKING:
    from pathlib import Path


def test_the_shipped_coreset_is_small_and_has_every_scenario_in_both_parts() -> None:
    assert FILE.stat().st_size <= 5_000_000
    for part in (coreset().train, coreset().held_out):
        assert (part.labels.sum(axis=0) >= 8).all()
    assert coreset().encoders == Registry().load("encoders").revision


def test_the_shipped_network_knows_its_original_days() -> None:
    assert f1(shipped(), coreset().train) > 0.8
    assert f1(shipped(), coreset().held_out) > 0.75


def test_features_are_kept_to_a_hundredth_of_their_range(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    audio = rng.normal(0, 3, (4, 15, 256)).astype(np.float32)
    imu = rng.normal(0, 1, (4, 15, 128)).astype(np.float32)
    labels = np.eye(len(SCENARIOS), dtype=np.float32)[:4]
    out = np.array([False, True, False, True])
    path = tmp_path / "coreset.npz"
    write(path, Registry().load("encoders").revision, audio, imu, labels, out)
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
    chosen = balanced(labels, 60, rng)
    assert len(set(chosen.tolist())) == 60
    counts = labels[chosen].sum(axis=0)
    assert counts.max() - counts.min() <= 2


def test_a_damaged_file_and_one_of_other_encoders_are_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "coreset.npz"
    damaged.write_bytes(FILE.read_bytes()[:1000])
    with pytest.raises(CoresetError, match="cannot be read"):
        Coreset.load(path=damaged)
    with pytest.raises(CoresetError, match="cannot be read"):
        Coreset.load(path=tmp_path / "none.npz")
    shutil.copy(FILE, damaged)
    with np.load(FILE) as file:
        held = dict(file)
    np.savez(damaged, **{**held, "encoders": np.array("0" * 12)})
    with pytest.raises(CoresetError, match="of encoders 000000000000, but the weights have"):
        Coreset.load(path=damaged)
