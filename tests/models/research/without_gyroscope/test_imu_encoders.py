from __future__ import annotations

import pytest
import torch

from models.research.without_gyroscope.imu_encoders import (
    EncoderSettings,
    Made,
    train_imu_encoders,
)
from models.research.without_gyroscope.motion import without_rotation
from tests.models import fresh


def windows(rows: int) -> torch.Tensor:
    """(12, rows, 6) whose rotation follows from their acceleration."""
    generator = torch.Generator().manual_seed(rows)
    acc = torch.randn((12, rows, 3), generator=generator)
    imu = torch.cat([acc, 3 * acc.roll(1, dims=1) + 2], dim=-1)
    imu[..., 2] += 9.81
    return imu


@pytest.mark.training
@torch.no_grad()
def test_a_copy_learns_to_make_of_acceleration_what_its_teacher_makes_of_all_motion() -> None:
    teacher, parts = fresh.encoders(), [windows(100)]
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    with torch.enable_grad():
        student = train_imu_encoders(teacher, parts, 0, EncoderSettings(40, 3e-3, 12))
    for imu in parts:
        wanted = Made.of(teacher, imu)
        blind, taught = (Made.of(each, without_rotation(imu)) for each in (teacher, student))
        for made in ("features", "seconds", "logits"):
            missed = [
                (getattr(each, made) - getattr(wanted, made)).square().mean()
                for each in (taught, blind)
            ]
            assert missed[0] < 0.8 * missed[1], made
    assert all(torch.equal(before[name], value) for name, value in teacher.state_dict().items())
    # What hears sound is the teacher's.
    assert torch.equal(student.audio.events.weight, teacher.audio.events.weight)
    assert not student.training
