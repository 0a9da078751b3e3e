"""Rules of learning from a teacher: what stays, what is learned, for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from models.research.egolog.audio.optimisation import optimisers, take_step
from models.research.egolog.recogniser.distil import (
    Distillation,
    DistillationBatches,
    Student,
    Weights,
    distil_encoder,
    fine_tuned,
    hidden,
)
from models.research.egolog.recogniser.teacher import Teacher
from tests.models.research.egolog.recogniser import synthetic
from tests.models.research.papers.pretrained import small_files

if TYPE_CHECKING:
    from pathlib import Path

QUICK = Distillation(10, batch=2, steps=2, checks=1)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Teacher:
    path: Path = tmp_path_factory.mktemp("teacher") / "mn04_as.pt"
    torch.save(small_files.efficientat(), path)
    return Teacher.read(path)


def test_the_published_network_stays_while_its_copy_learns_our_labels(teacher: Teacher) -> None:
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    after = fine_tuned(teacher, synthetic.scenes(), QUICK, 0).state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert not any(name.startswith("published.") for name in changed)
    assert {"sounds.weight", "categories.weight", "network.features.0.0.weight"} <= changed
    assert not teacher.training


def test_the_first_stage_stays_and_all_above_is_new(teacher: Teacher) -> None:
    encoder = synthetic.encoder()
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    student = distil_encoder(encoder, teacher, synthetic.scenes(), QUICK, 0)
    after = student.state_dict()
    for name, value in before.items():
        if name.startswith(("scale.", "first.")):
            assert torch.equal(value, after[name]), name
    assert not torch.equal(before["events.weight"], after["events.weight"])
    assert not torch.equal(before["tower.mix.weight"], after["tower.mix.weight"])
    # What was given is left alone.
    assert all(torch.equal(before[name], value) for name, value in encoder.state_dict().items())


def test_a_student_learns_its_targets(teacher: Teacher) -> None:
    torch.manual_seed(0)
    student = Student(
        synthetic.encoder(), teacher.published.width, teacher.published.config.classes
    )
    student.train()
    settings = Distillation(1, batch=2)
    batch = DistillationBatches(
        teacher, synthetic.scenes(), settings, np.random.default_rng(0)
    ).draw()
    steppers = optimisers(student, 1e-2, 0.0)
    losses = []
    for _ in range(8):
        loss = batch.loss(student, Weights(labels=1, audioset=0, features=0))
        take_step(loss, steppers, student, 1e-2)
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]


def test_a_loss_counts_the_parts_that_have_a_weight(teacher: Teacher) -> None:
    student = Student(
        synthetic.encoder(), teacher.published.width, teacher.published.config.classes
    ).eval()
    batch = DistillationBatches(teacher, synthetic.scenes(), QUICK, np.random.default_rng(0)).draw()
    with torch.no_grad():
        without = float(batch.loss(student, Weights(audioset=0, features=0)))
        both = float(batch.loss(student, Weights(audioset=10, features=1)))
    assert both > without > 0


def test_about_half_of_a_batch_is_hidden_in_part_at_its_mean() -> None:
    torch.manual_seed(0)
    mel = torch.rand(40, 100, 64)
    out = hidden(mel)
    is_changed = out != mel
    assert 8 <= int(is_changed.any(dim=2).any(dim=1).sum()) <= 32
    mean = mel.mean(dim=(1, 2), keepdim=True).expand_as(mel)
    assert torch.equal(out[is_changed], mean[is_changed])
