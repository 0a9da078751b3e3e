"""What the shipped weights read from acceleration alone, of users that nothing was trained on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.egolog.contrastive import ENCODERS
from models.recordings.datasets.labelled_windows import read
from models.research.without_gyroscope.derived import for_acceleration
from models.research.without_gyroscope.motion import without_gyroscope
from models.serving.lanhar_loading import require_lanhar
from models.serving.predict import ActivityRecognizer, HarInput
from models.serving.registry import Registry
from models.serving.served import ENCODERS as SERVED_ENCODERS
from models.serving.served import ENCODERS_ACCELERATION
from tests.shared_data import shared_data

NAMED = ("walking", "going upstairs", "going downstairs", "running", "jogging", "lying")


@pytest.mark.parametrize("name", ["hapt_50hz", "wisdm19_watch_20hz"])
def test_lanhar_names_motion_by_acceleration_alone(name: str) -> None:
    shown = read(shared_data() / "imu" / f"{name}.npz")
    shown = shown.take([at for at, label in enumerate(shown.labels) if label in NAMED][::4])
    lanhar = require_lanhar(Registry())
    first = [lanhar.rank(imu, lanhar.shipped)[0][0] for imu in without_gyroscope(shown).imu]
    right = [one in names for one, names in zip(first, shown.names, strict=True)]
    assert len(right) > 50
    # Taken for a body that never turns, 0.0 to 0.3 of it was right.
    assert np.mean(right) > 0.7


@pytest.mark.parametrize("name", ["wisdm19_watch_20hz", "wisdm19_phone_20hz"])
def test_walking_is_known_by_acceleration_alone(name: str) -> None:
    shown = read(shared_data() / "imu" / f"{name}.npz")
    shown = shown.take([at for at, label in enumerate(shown.labels) if label == "walking"][::4])
    found = ActivityRecognizer(Registry()).estimate(
        [HarInput(None, imu) for imu in without_gyroscope(shown).imu]
    )
    walking = [
        not each.unknown and max(each.activities, key=each.activities.__getitem__) == "walking"
        for each in found
    ]
    assert len(walking) > 20
    # Taken for a body that never turns, a third of a watch's walking was known.
    assert np.mean(walking) > 0.7


def test_the_copy_of_an_encoder_differs_and_its_teacher_stays() -> None:
    registry = Registry()
    teacher = registry.load(ENCODERS).module.imu
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    alone = for_acceleration(registry, SERVED_ENCODERS, teacher, "imu")
    own = registry.weights(ENCODERS_ACCELERATION).tensors
    name = "lift.1.weight"
    assert np.array_equal(alone.state_dict()[name], own[f"imu.{name}"].astype(np.float32))
    assert not torch.equal(alone.state_dict()[name], before[name])
    assert all(torch.equal(before[name], value) for name, value in teacher.state_dict().items())
