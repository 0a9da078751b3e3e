"""Rules of the teacher: the published network as it was read, and a copy with our labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from models.egolog.audio_tagger import efficientat
from models.labels import CATEGORIES, RECOGNISED_SOUNDS
from models.network.published_weights import PretrainedError
from models.research.egolog.recogniser.teacher import Teacher
from tests.models.research.papers.pretrained import small_files

if TYPE_CHECKING:
    from pathlib import Path


def test_it_hears_what_the_published_network_hears_and_names_our_labels(tmp_path: Path) -> None:
    path = tmp_path / "mn04_as.pt"
    torch.save(small_files.efficientat(), path)
    teacher = Teacher.read(path).train()
    wave = 0.1 * torch.randn(2, 16_000, generator=torch.Generator().manual_seed(0))
    mel = teacher.mel(wave)
    features, logits = teacher.published_output(mel)
    expected = efficientat.load(path)(wave)
    assert torch.allclose(features, expected.features, atol=1e-5)
    assert torch.allclose(logits, expected.logits, atol=1e-4)
    named = teacher(mel)
    assert named.sounds.shape == (2, len(RECOGNISED_SOUNDS))
    assert named.categories.shape == (2, len(CATEGORIES))


def test_a_file_that_is_no_such_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mn04_as.pt"
    torch.save({"features.0.0.weight": torch.zeros(1)}, path)
    with pytest.raises(PretrainedError, match=r"mn04_as\.pt"):
        Teacher.read(path)
