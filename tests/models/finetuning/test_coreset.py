from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.egolog.contrastive import ENCODERS
from models.finetuning.coreset import FILE, Coreset, CoresetError
from models.serving.registry import Registry
from tests.models.finetuning.windows import coreset, f1, shipped_network

if TYPE_CHECKING:
    from pathlib import Path


def test_the_shipped_coreset_is_small_and_has_every_scenario_in_both_parts() -> None:
    assert FILE.stat().st_size <= 5_000_000
    for part in (coreset().train, coreset().held_out):
        assert (part.labels.sum(axis=0) >= 8).all()
    assert coreset().encoders == Registry().load(ENCODERS).revision


def test_the_shipped_network_knows_its_original_days() -> None:
    assert f1(shipped_network(), coreset().train) > 0.8
    assert f1(shipped_network(), coreset().held_out) > 0.75


def test_a_damaged_file_and_one_of_other_encoders_are_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "coreset.npz"
    damaged.write_bytes(FILE.read_bytes()[:1000])
    with pytest.raises(CoresetError, match="cannot be read"):
        Coreset.load(path=damaged)
    with pytest.raises(CoresetError, match="cannot be read"):
        Coreset.load(path=tmp_path / "none.npz")
    shutil.copy(FILE, damaged)
    with np.load(FILE) as file:
        arrays = dict(file)
    np.savez(damaged, **{**arrays, "encoders": np.array("0" * 12)})
    with pytest.raises(CoresetError, match="of encoders 000000000000, but the weights have"):
        Coreset.load(path=damaged)
