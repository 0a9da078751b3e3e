from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from models.lanhar.sensor_encoder import SensorEncoderConfig
from models.research.lanhar.interpretation.windows import Windows, of_arrays
from models.research.lanhar.training.sensor import SensorSettings
from models.research.lanhar.training.text import TextSettings
from models.research.lanhar.training.transfer import (
    Interpreted,
    TransferModel,
    TransferSettings,
    encode,
    fit,
    fit_open,
    interpret,
)
from tests.models.research.lanhar.motion import data_set, rest, steps

FOUR = ("walking", "going upstairs", "going downstairs", "sitting")
SHORT = TransferSettings(
    text=TextSettings(steps=15, batch=8, synthesised=2),
    sensor=SensorSettings(gait_steps=80, posture_steps=80, steps=15, batch=32, copies=1),
)


# Enough for what holds of any training.
BARELY = TransferSettings(
    text=TextSettings(steps=2, batch=8, synthesised=2),
    sensor=SensorSettings(gait_steps=3, posture_steps=3, steps=3, batch=32, copies=1),
)


def four(seed: int) -> Windows:
    windows = data_set(f"made {seed}", seed)
    return windows.where(np.isin(windows.label, FOUR))


@cache
def read(seed: int) -> Interpreted:
    return interpret(four(seed))


@pytest.fixture(scope="module")
def fitted() -> TransferModel:
    return fit(read(0), read(1), "four", 0, SHORT)


@pytest.mark.training
def test_a_data_set_that_was_not_labelled_is_recognised(fitted: TransferModel) -> None:
    target = read(2)
    assert np.mean(fitted.recognise(target) == target.windows.label) > 0.7


@pytest.mark.training
def test_labels_of_the_target_are_never_used() -> None:
    windows = four(1)
    shuffled = Windows(
        windows.data, windows.label[::-1], windows.user, windows.position, windows.device, "other"
    )
    found = [
        fit(read(0), interpret(target), "four", 0, BARELY).embed(read(1))
        for target in (windows, shuffled)
    ]
    assert torch.equal(*found)


@pytest.mark.training
def test_other_labels_can_be_asked_for(fitted: TransferModel) -> None:
    found = fitted.recognise(read(2), ("running", "lying"))
    assert set(found.tolist()) <= {"running", "lying"}


@pytest.mark.training
def test_an_encoder_for_new_activities_needs_no_label() -> None:
    source, target = read(0), interpret(data_set("b", 1))
    found = fit_open(source, target, 0, BARELY)
    assert found.classes == ()
    assert found.embed(target).shape == (len(target.windows), 128)


def test_interpretations_do_not_see_the_label() -> None:
    windows = four(0)
    other = Windows(
        windows.data, windows.label[::-1], windows.user, windows.position, windows.device, "other"
    )
    assert read(0).texts == interpret(other).texts


@pytest.mark.training
def test_a_reading_is_encoded_as_the_mean_of_its_variants(fitted: TransferModel) -> None:
    readings = read(0)
    found = encode(fitted.text, readings)
    assert found.shape == (len(readings.windows), 128)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(len(found)))


@pytest.mark.parametrize(
    "config", [SensorEncoderConfig(gait=False), SensorEncoderConfig(sequence=False)]
)
def test_either_branch_works_alone(config: SensorEncoderConfig) -> None:
    settings = replace(BARELY, encoder=config)
    found = fit(read(0), read(1), "four", 0, settings)
    assert found.embed(read(1)).shape[1] == 128


def level(seed: int, degrees: float, each: int = 12) -> Windows:
    """Return windows of three wearers whose device leans by some degrees when they sit."""
    rng = np.random.default_rng(seed)
    sits = Rotation.from_euler("x", degrees, degrees=True).as_matrix()
    made, label = [], []
    for _ in range(each):
        seated = rest(rng)
        seated = np.concatenate([seated[:, :3] @ sits.T, seated[:, 3:]], axis=1)
        made += [steps(rng, 1.8, 2.0), rest(rng), seated.astype(np.float32)]
        label += ["walking", "standing", "sitting"]
    users = [f"u{number // 3 % 2}" for number in range(len(made))]
    same = ["made"] * len(made)
    return of_arrays(f"made {seed}", np.stack(made), label, users, same, same)


@pytest.fixture(scope="module")
def at_a_waist() -> tuple[TransferModel, Interpreted]:
    """A model of readings at a thigh, fitted to others at a waist, and those."""
    target = interpret(level(1, 12))
    return fit(interpret(level(0, 75)), target, "level", 0, SHORT), target


@pytest.mark.training
def test_sitting_learned_at_a_thigh_is_told_from_standing_at_a_waist(
    at_a_waist: tuple[TransferModel, Interpreted],
) -> None:
    model, target = at_a_waist
    assert np.mean(model.recognise(target) == target.windows.label) > 0.9


@pytest.mark.training
def test_only_two_or_more_still_classes_have_a_posture_branch(fitted: TransferModel) -> None:
    assert not fitted.encoder.config.posture
    readings = interpret(level(0, 75, each=6))
    for settings, wanted in (
        (BARELY, True),
        (replace(BARELY, posture=False), False),
        (replace(BARELY, encoder=SensorEncoderConfig(gait=False)), False),
    ):
        encoder = fit(readings, readings, "level", 0, settings).encoder
        assert encoder.config.posture == wanted


@pytest.mark.training
def test_readings_without_any_still_one_are_embedded(
    at_a_waist: tuple[TransferModel, Interpreted],
) -> None:
    model, target = at_a_waist
    walks = target.where(target.windows.label == "walking")
    assert set(model.recognise(walks).tolist()) == {"walking"}


def test_without_upright_no_inclination_is_known() -> None:
    assert interpret(level(0, 75), upright=False).postures.values[:, 0].isnan().all()
    assert interpret(level(0, 75)).postures.values[:, 0].isfinite().all()
