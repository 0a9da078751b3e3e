from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from models.egolog.localization import Localization, LocalizationConfig
from models.research.egolog.localization import life_calibration
from models.research.egolog.localization.batched.validation import DRY
from models.research.egolog.localization.life_calibration import (
    RegionLogits,
    calibrate,
    clear,
    day_logits,
    drawn_logits,
    near_scores,
    near_share,
)
from schemas.evidence import REGIONS
from tests.models.research.egolog.localization.batched.material import world
from tests.models.research.egolog.localization.days_with_sounds import days_with_sounds

if TYPE_CHECKING:
    import numpy as np

SMALL = LocalizationConfig(channels=(8, 16, 16), steered=(8, 8), hidden=32)


def small() -> Localization:
    torch.manual_seed(0)
    return Localization(SMALL).eval().requires_grad_(False)


def left_logits(near: float, count: int, rng: torch.Generator) -> RegionLogits:
    """Return logits that are sure of `left`, and half as sure of near and far as they may be."""
    is_near = (torch.rand(count, generator=rng) < near).float()
    cue = (2 * is_near - 1) + torch.randn(count, generator=rng)
    logits = torch.full((count, len(REGIONS)), -6.0)
    regions = torch.zeros(count, len(REGIONS))
    at_near, at_far = REGIONS.index("left-near"), REGIONS.index("left-far")
    regions[:, at_near], regions[:, at_far] = is_near, 1 - is_near
    logits[:, at_near], logits[:, at_far] = 0.5 * cue, -0.5 * cue
    return RegionLogits(logits, regions)


def test_each_region_of_a_second_in_which_something_is_heard_counts_once() -> None:
    placed = days_with_sounds(["left-near"], ["back-far", "left-far"], ["back-far", "back-far"], [])
    assert near_share(placed) == pytest.approx(1 / 4)


def test_calibration_lowers_the_calibration_error_of_near() -> None:
    network = small()
    outputs = left_logits(0.3, 4_000, torch.Generator().manual_seed(0))
    before = near_scores(network, outputs)
    calibrate(network, [outputs])
    now = near_scores(network, outputs)
    assert before["ece"] > 0.05
    assert now["ece"] < 0.04
    assert now["log_loss"] < before["log_loss"]


def test_near_weighs_among_drawn_seconds_what_it_does_in_life() -> None:
    network = small()
    even = left_logits(0.5, 4_000, torch.Generator().manual_seed(1))
    rare = left_logits(0.2, 4_000, torch.Generator().manual_seed(2))
    calibrate(network, [even._replace(near=0.2 / 0.5, far=0.8 / 0.5)])
    assert near_scores(network, rare)["ece"] < 0.04


def test_sources_about_the_border_are_neither_near_nor_far() -> None:
    drawn = world().draw(DRY, 4, torch.Generator().manual_seed(0))
    between = drawn._replace(
        regions=torch.cat([drawn.regions[:1] * 0.5, drawn.hard[1:]]), hard=drawn.hard
    )
    outputs = drawn_logits(small(), "dry", clear(between), share=0.25)
    assert len(outputs.regions) == len(drawn.hard) - 1
    by_distance = outputs.regions.reshape(-1, 4, 2).sum((0, 1))
    near, far = by_distance * torch.tensor([outputs.near, outputs.far])
    assert float(near / (near + far)) == pytest.approx(0.25)


def test_a_day_is_heard_second_by_second_through_balanced_microphones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    balanced = []

    def in_turn(maps: np.ndarray[tuple[int, ...], np.dtype[np.float16]]) -> object:
        balanced.append(len(maps))
        return maps

    monkeypatch.setattr(life_calibration, "balanced_in_turn", in_turn)
    outputs = day_logits(small(), days_with_sounds(["left-near"], [], ["back-far", "left-far"]))
    assert balanced == [3]
    assert outputs.logits.shape == (3, len(REGIONS))
    assert outputs.regions.sum(1).tolist() == [1, 0, 2]
    assert outputs.alone.tolist() == [True, False, False]
    assert outputs.nearness.tolist() == [1]
