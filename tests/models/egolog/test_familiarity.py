from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from models.egolog.familiarity import (
    FAMILIARITY,
    SCENARIO_FAMILIARITY,
    Familiarity,
    FamiliarityConfig,
)
from models.egolog.out_of_distribution import FAMILIAR, is_unknown
from models.serving.registry import Registry

if TYPE_CHECKING:
    from models.network.key import Key
    from schemas.frames import Modality


def make_familiarity() -> Familiarity:
    familiarity = Familiarity(FamiliarityConfig(features=2))
    familiarity.mean.copy_(torch.tensor([1.0, 0.0]))
    familiarity.whitening.copy_(torch.tensor([[0.5, 0.0], [0.0, 1.0]]))
    familiarity.limit.fill_(2.0)
    return familiarity


def test_familiarity_is_one_in_the_middle_a_half_at_the_limit_and_falls_with_distance() -> None:
    features = torch.tensor([[1.0, 0.0], [2.0, 0.0], [5.0, 0.0], [1.0, -2.0], [1.0, 4.0], [1e6, 0]])
    familiarity = make_familiarity()
    assert familiarity.distance(features)[:5].tolist() == [0.0, 0.5, 2.0, 2.0, 4.0]
    values = familiarity(features).tolist()
    assert values[:5] == pytest.approx([1.0, 1 / (1 + 1 / 16), 0.5, 0.5, 0.2])
    assert 0 < values[5] < 1e-6


def test_a_window_is_as_far_as_its_segments_are_on_average() -> None:
    segments = torch.tensor([[1.0, 0.0], [1.0, 4.0]])
    assert float(make_familiarity().together(segments)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("familiarity", "present", "unknown"),
    [
        ({"imu": FAMILIAR}, ["imu"], False),
        ({"imu": 0.49}, ["imu"], True),
        ({"imu": 0.49}, ["audio", "imu"], False),
        ({"imu": 0.49, "audio": 0.5}, ["audio", "imu"], False),
        ({"imu": 0.49, "audio": 0.1}, ["audio", "imu"], True),
        ({}, ["audio"], False),
        ({}, [], True),
    ],
)
def test_a_window_is_unknown_where_all_that_is_there_is_unfamiliar(
    familiarity: dict[Modality, float], present: list[Modality], unknown: bool
) -> None:
    assert is_unknown({"walking": 0.9, "sitting": 0.1}, familiarity, present, 0.3) == unknown


@pytest.mark.parametrize(("top", "unknown"), [(0.3, False), (0.29, True)])
def test_a_window_is_unknown_where_nothing_is_likely(top: float, unknown: bool) -> None:
    assert is_unknown({"walking": 0.1, "sitting": top}, {"imu": 0.9}, ["imu"], 0.3) == unknown
    assert is_unknown({}, {"imu": 0.9}, ["imu"], 0.3)


@pytest.mark.parametrize("key", [FAMILIARITY, SCENARIO_FAMILIARITY])
def test_the_shipped_weights_are_small_and_have_limits(key: Key[Familiarity]) -> None:
    registry = Registry()
    assert registry.path(key).stat().st_size < 100_000
    module = registry.load(key).module
    assert 5 < float(module.limit) < 20
    assert 1 / 16 < float(module.least_probability) < 0.5
