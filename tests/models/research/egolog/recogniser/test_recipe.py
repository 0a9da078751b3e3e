"""Rules of the whole recipe, on made-up recordings and a made-up teacher."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from models.recordings.shared_data import EFFICIENTAT, ESC50, SPEECH, URBANSOUND8K
from models.research.egolog.recogniser import check, heads, recipe, scenes
from models.research.egolog.recogniser.distil import Distillation
from models.research.egolog.recogniser.recordings import read_recordings
from tests.models import small_data
from tests.models.research.egolog.recogniser import synthetic
from tests.models.research.papers.pretrained import small_files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.training
def test_it_teaches_all_above_the_first_stage_and_nothing_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_data.sounds(tmp_path / ESC50)
    small_data.streets(tmp_path / URBANSOUND8K)
    small_data.speech(tmp_path / SPEECH)
    (tmp_path / EFFICIENTAT).parent.mkdir()
    torch.save(small_files.efficientat(), tmp_path / EFFICIENTAT)
    monkeypatch.setattr(scenes, "SPEEDS", ((1, 1),))
    monkeypatch.setattr(scenes, "SPEED_SHARES", (1.0,))
    monkeypatch.setattr(heads, "BATCHES", 1)
    monkeypatch.setattr(heads, "BATCH", 2)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(
        recipe,
        "read_recordings",
        lambda data, split, seed: read_recordings(data, split, seed, 1)[:20],
    )
    monkeypatch.setattr(
        recipe, "Distillation", lambda minutes: Distillation(minutes, batch=2, steps=1)
    )
    # No clip of the made-up folds validates; ESC-50's test part stands in.
    material = check.CheckMaterial.read
    monkeypatch.setattr(recipe.CheckMaterial, "read", lambda data, _: material(data, "test"))
    encoder = synthetic.encoder()
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    after = recipe.train(encoder, tmp_path, 1.0, 0).state_dict()
    for name, value in before.items():
        below = name.startswith(("scale.", "first."))
        assert not below or torch.equal(value, after[name]), name
    assert not torch.equal(before["events.bias"], after["events.bias"])
    assert not torch.equal(before["classify.weight"], after["classify.weight"])
