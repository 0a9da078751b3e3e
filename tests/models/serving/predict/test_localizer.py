"""Rules of serving localization, which hold whatever the weights are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.serving.predict import SoundLocalizer
from schemas.evidence import REGIONS
from tests.models.serving.predict.inputs import second

if TYPE_CHECKING:
    from models.serving.registry import Registry


def test_localization_of_an_item_does_not_depend_on_its_company(
    sound_localizer: SoundLocalizer,
) -> None:
    items = [second(seed, motion=seed % 2 == 0) for seed in range(7)]
    alone = [sound_localizer.predict([item])[0] for item in items]
    assert sound_localizer.predict(items) == alone
    assert sound_localizer.predict(items[::-1])[::-1] == alone
    heat = [sound_localizer.locate([item])[0].heat for item in items]
    for one, other in zip(heat, sound_localizer.locate(items), strict=True):
        np.testing.assert_array_equal(one, other.heat)


@pytest.mark.parametrize("planes", [1, 3, 10])
@pytest.mark.parametrize("motion", [True, False])
def test_a_second_gets_a_probability_for_each_region(
    sound_localizer: SoundLocalizer, planes: int, motion: bool
) -> None:
    (found,) = sound_localizer.predict([second(0, planes, motion)])
    assert tuple(found) == REGIONS
    assert all(0 <= value <= 1 and round(value, 4) == value for value in found.values())
    (located,) = sound_localizer.locate([second(0, planes, motion)])
    assert located.regions == found
    assert (located.heat is None) == (planes != 3)


def test_motion_without_rotation_counts_as_none(sound_localizer: SoundLocalizer) -> None:
    moving = second(0, 3, motion=True)
    assert moving.imu is not None
    blind = replace(moving, imu=moving.imu * np.array([1, 1, 1, 0, 0, 0], np.float32))
    found, without, whole = sound_localizer.predict([blind, replace(moving, imu=None), moving])
    assert found == without != whole


def test_four_microphones_are_heard_through_the_device_they_sit_on(registry: Registry) -> None:
    item = second(0, 10)
    glasses, headphones = (
        SoundLocalizer(registry, array=array).predict([item]) for array in ("glasses", "headphones")
    )
    assert glasses != headphones
