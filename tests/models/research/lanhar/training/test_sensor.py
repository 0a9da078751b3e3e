import numpy as np
import pytest
import torch

from models.lanhar.sensor_encoder import SensorEncoder, measures_of
from models.research.lanhar.training.sensor import (
    SensorSettings,
    TrainingSet,
    embed,
    even,
    guess,
    surest,
    train_gait,
    train_sequence,
)
from tests.models.research.lanhar.motion import data_set

NAMES = ("walking", "going upstairs", "going downstairs", "sitting")
LABELS = torch.eye(128)[:4]
SHORT = SensorSettings(gait_steps=80, steps=15, batch=32, copies=1)


def readings(seed: int, strength: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    windows = data_set("made", seed, strength=strength)
    windows = windows.where(np.isin(windows.label, NAMES))
    label = torch.tensor([NAMES.index(str(name)) for name in windows.label])
    return torch.from_numpy(windows.data), label


def encoder() -> SensorEncoder:
    torch.manual_seed(0)
    return SensorEncoder()


def by_gait() -> SensorEncoder:
    imu, label = readings(0)
    made = encoder()
    made.standardise(measures_of(imu), torch.where(label < 3, label, -1))
    train_gait(made, imu, LABELS[label], label, LABELS, 0, SHORT)
    return made


def test_gait_learned_on_one_sensor_holds_on_a_weaker_one() -> None:
    made = by_gait()
    imu, label = readings(1, strength=0.9)
    shares = guess(made, made.inputs(imu), LABELS[label] * 0, LABELS, SHORT)
    assert (shares.argmax(dim=1) == label).float().mean() > 0.8
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(len(imu)))


@pytest.mark.training
def test_the_sequence_learns_what_it_is_taught() -> None:
    made = encoder()
    imu, label = readings(0)
    inputs = made.inputs(imu)
    before = (made.by_sequence(inputs) @ LABELS.T).argmax(dim=1)
    train_sequence(made, [TrainingSet(inputs, LABELS[label], label)], LABELS, 0, SHORT)
    after = (made.by_sequence(inputs) @ LABELS.T).argmax(dim=1)
    assert (after == label).float().mean() > max(0.7, float((before == label).float().mean()))


@pytest.mark.training
def test_readings_without_a_label_learn_their_interpretation() -> None:
    made = encoder()
    imu, label = readings(0)
    inputs = made.inputs(imu)
    unknown = torch.full_like(label, -1)
    settings = SensorSettings(steps=15, batch=32, sequence_contrast=1.0)
    train_sequence(made, [TrainingSet(inputs, LABELS[label], unknown)], LABELS[:0], 0, settings)
    found = (made.by_sequence(inputs) @ LABELS.T).argmax(dim=1)
    assert (found == label).float().mean() > 0.6


def test_only_the_surest_of_every_label_teach() -> None:
    shares = torch.tensor([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8]])
    kept = surest(shares, SensorSettings(sure=0.4, least_sure=1))
    assert kept.tolist() == [0, -1, -1, 1]


def test_rare_labels_are_drawn_as_often_as_common_ones() -> None:
    chances = even(torch.tensor([0, 0, 0, 1]))
    assert chances[:3].sum() == chances[3]


def test_any_number_of_readings_is_embedded() -> None:
    imu, _ = readings(0)
    made = encoder()
    assert embed(made, made.inputs(imu)).shape == (len(imu), 128)
