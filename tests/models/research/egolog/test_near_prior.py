from __future__ import annotations

import numpy as np
import pytest
import torch

from models.egolog.localization import Localization, LocalizationConfig
from models.labels import SOUND_EVENTS
from models.research.egolog.near_prior import near_share, with_prior
from models.research.egolog.placed_days import PlacedDays
from schemas.evidence import DISTANCES, REGIONS


def days(*seconds: list[str]) -> PlacedDays:
    """Return one stretch with sounds in the named regions of each second."""
    sounds = np.zeros((1, len(seconds), len(SOUND_EVENTS), len(REGIONS)), bool)
    for at, regions in enumerate(seconds):
        for number, name in enumerate(regions):
            sounds[0, at, number, REGIONS.index(name)] = True
    silence = np.zeros((1, 0), np.float16)
    return PlacedDays(silence, silence, np.zeros((1, 0), np.float32), sounds)


def test_each_region_of_a_second_in_which_something_is_heard_counts_once() -> None:
    lived = days(["left-near"], ["back-far", "left-far"], ["back-far", "back-far"], [])
    assert near_share(lived) == pytest.approx(1 / 4)


def test_a_prior_moves_the_odds_of_near_against_far_by_its_own() -> None:
    torch.manual_seed(0)
    network = Localization(LocalizationConfig(maps=3)).eval()
    shifted = with_prior(network, 0.3)
    logits = torch.randn(5, len(REGIONS))
    plain, lived = (torch.logit(each.calibrated(logits)) for each in (network, shifted))
    moved = (lived - plain).reshape(5, -1, len(DISTANCES))
    near, far = moved[..., DISTANCES.index("near")], moved[..., DISTANCES.index("far")]
    np.testing.assert_allclose((near - far).detach(), np.log(0.3 / 0.7), atol=1e-4)
    assert torch.equal(with_prior(network, 0.5).offset, network.offset)
    assert network.offset.abs().sum() == 0
