from functools import cache

import numpy as np
import pytest
import torch

from models.egolog.localization import Localization, LocalizationConfig
from models.research.egolog.localization import training as localization
from models.research.egolog.localization.seconds import spatial_seconds
from models.research.egolog.localization.spatial_seconds import SpatialSeconds
from models.research.lib.fit import Fit, fit
from tests.models.research.egolog.localization.material import surroundings


@cache
def rendered_seconds() -> SpatialSeconds:
    """A few rendered seconds."""
    return spatial_seconds(surroundings(), 0, 12, None)


@pytest.mark.training
def test_a_few_steps_lower_the_loss() -> None:
    torch.manual_seed(0)
    seconds = localization.Seconds([rendered_seconds()], 1)
    config = LocalizationConfig(maps=1, channels=(8, 16, 16), steered=(8, 8), hidden=32)
    network = Localization(config)
    fitted = fit(
        "localization",
        network,
        lambda rng: localization.loss_of(network, seconds, np.random.default_rng(1), batch=16),
        lambda: -float(np.mean(localization.predict(network, seconds))),
        Fit(minutes=1, rate=3e-3, steps=30, checks=2),
        seed=0,
    )
    assert len(fitted.losses) == 30
    assert np.mean(fitted.losses[-5:]) < 0.8 * np.mean(fitted.losses[:5])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no graphics card")
def test_a_graphics_card_computes_the_same() -> None:
    torch.manual_seed(2)
    network = Localization().eval()
    expected = localization.predict(network, localization.Seconds([rendered_seconds()], 3))
    computed = localization.predict(
        network.cuda(), localization.Seconds([rendered_seconds()], 3, "cuda")
    )
    assert computed == pytest.approx(expected, abs=1e-3)


def test_parts_hold_every_clip_once() -> None:
    size = localization.CLIPS_A_SEED
    assert localization._parts(2 * size + 7) == [
        ("train", 0, size),
        ("train", 1, size),
        ("train", 2, 7),
    ]


def test_one_microphone_is_either_ear() -> None:
    seconds = localization.Seconds([rendered_seconds()], 1)
    assert seconds.maps.shape == (len(rendered_seconds()), 1, 50, 64)
    assert np.array_equal(seconds.maps[0, 0], rendered_seconds().maps[0, 0])
    assert np.array_equal(seconds.maps[1, 0], rendered_seconds().maps[1, 1])


def test_heat_is_hottest_where_the_source_is() -> None:
    azimuth = np.array([[np.deg2rad(90), np.nan, np.nan], [np.nan] * 3], np.float32)
    heat = localization.heat_of(azimuth, np.array([[True, False, False], [False] * 3]))
    assert heat.shape == (2, 2, 72)
    assert heat[0, 0].argmax() in (17, 18)
    assert heat[0, 0].max() > 0.9
    assert heat[0, 1].max() == heat[1].max() == 0


def test_direction_and_distance_are_judged_apart() -> None:
    regions = np.eye(8, dtype=np.float32)
    probability = np.full((8, 8), 0.1, np.float32)
    probability[np.arange(8), np.arange(8) ^ 1] = 0.9  # the other distance, the same direction
    assert localization.direction_and_distance(probability, regions) == (1.0, 0.0)


def test_calibration_lowers_what_was_said_too_surely() -> None:
    torch.manual_seed(1)
    seconds = localization.Seconds([rendered_seconds()], 3)
    network = Localization().eval()
    for parameter in network.out.parameters():
        torch.nn.init.normal_(parameter, std=1.0)
    truth = torch.from_numpy(seconds.regions)

    def surprise() -> float:
        predicted = torch.from_numpy(localization.predict(network, seconds)).clamp(1e-6, 1 - 1e-6)
        return float(torch.nn.functional.binary_cross_entropy(predicted, truth))

    before = surprise()
    localization.calibrate(network, seconds)
    assert surprise() < before - 0.1
    assert (network.temper > 0).all() or network.temper.abs().max() < 0.2


def test_other_microphones_leave_silence_silent() -> None:
    mel = torch.full((4, 2, 10, 64), 8.0)
    mel[:, :, 5:] = 0
    changed = localization.vary_microphones(mel, np.random.default_rng(0))
    assert not changed[:, :, 5:].any()
    assert changed[:, :, :5].std() > 0.3
