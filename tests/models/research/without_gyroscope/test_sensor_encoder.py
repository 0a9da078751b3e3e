from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch.nn.functional import normalize

from models.research.without_gyroscope.motion import without_gyroscope
from models.research.without_gyroscope.sensor_encoder import (
    AccelerationSettings,
    SensorWindows,
    score,
    train_sensor_encoder,
    vectors_of,
)
from models.serving.open_vocabulary import IN_FORCE
from tests.models.research.lanhar.told_apart import sensor_encoder, told_apart

if TYPE_CHECKING:
    from models.recordings.datasets.labelled_windows import LabelledWindows


def both(windows: LabelledWindows) -> tuple[SensorWindows, SensorWindows]:
    """Return the windows with rotation and without."""
    alone = without_gyroscope(windows)
    return SensorWindows.of(windows, IN_FORCE), SensorWindows.of(alone, IN_FORCE)


@pytest.mark.training
def test_a_copy_names_by_acceleration_alone_what_it_was_shown() -> None:
    teacher, windows = sensor_encoder(), told_apart(6)
    whole, alone = both(windows)
    in_force = normalize(torch.randn(len(IN_FORCE), 128), dim=1)
    settings = AccelerationSettings(steps=40, batch=24, alike=0.5)
    student = train_sensor_encoder(teacher, [whole], [alone], in_force, 0, settings)
    assert score(student, alone, IN_FORCE, in_force) > 0.9
    assert score(teacher, alone, IN_FORCE, in_force) < 0.5


@pytest.mark.training
def test_a_copy_is_near_what_its_teacher_makes_of_all_motion() -> None:
    teacher, windows = sensor_encoder(), told_apart(6)
    windows.imu[..., 3:] *= 100
    whole, alone = both(windows)
    in_force = normalize(torch.randn(len(IN_FORCE), 128), dim=1)
    settings = AccelerationSettings(steps=40, batch=24, alike=20.0)
    student = train_sensor_encoder(teacher, [whole], [alone], in_force, 0, settings)
    wanted = vectors_of(teacher, whole)
    near, blind = (
        (vectors_of(each, alone) * wanted).sum(dim=1).mean() for each in (student, teacher)
    )
    assert near > blind


def test_measures_that_rotation_takes_no_part_in_are_read_as_before() -> None:
    teacher, windows = sensor_encoder(), told_apart(4)
    whole, alone = both(windows)
    in_force = normalize(torch.randn(len(IN_FORCE), 128), dim=1)
    student = train_sensor_encoder(
        teacher, [whole], [alone], in_force, 0, AccelerationSettings(steps=1, batch=12)
    )
    same = (whole.inputs.values == alone.inputs.values).all(dim=0)
    assert same.any()
    assert torch.equal(student.centre[same], teacher.centre[same])
    assert not torch.equal(student.centre[~same], teacher.centre[~same])
