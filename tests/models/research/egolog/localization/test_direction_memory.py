from __future__ import annotations

import math

import pytest
import torch

from models.egolog.movement_compensation import CANDIDATES, candidate_azimuths
from models.research.egolog.localization.direction_memory import (
    DirectionMemory,
    fit_memory,
    turned,
    turned_between,
)
from schemas.evidence import REGIONS


def imu(yaw_rates: list[float]) -> torch.Tensor:
    """Return one stretch of seconds, each turning at a rate in rad/s, with gravity along y."""
    out = torch.zeros(1, len(yaw_rates), 6, 50)
    out[:, :, 1] = 9.81
    out[0, :, 4] = torch.tensor(yaw_rates)[:, None]
    return out


def source(azimuth: float, near: bool) -> torch.Tensor:
    """Return heat (2, 72) of one source."""
    apart = torch.atan2(
        torch.sin(candidate_azimuths() - azimuth), torch.cos(candidate_azimuths() - azimuth)
    )
    heat = torch.full((2, CANDIDATES), -6.0)
    heat[0 if near else 1] = 10 * torch.exp(-0.5 * (apart / 0.12) ** 2) - 6
    return heat


def test_the_head_has_turned_between_the_middles_of_two_seconds() -> None:
    turn = turned_between(imu([0.4, 0.4, 0.0]))[0]
    assert turn.tolist() == pytest.approx([0.0, 0.4, 0.2], abs=1e-3)


def test_a_source_is_further_right_of_a_head_that_turns_left() -> None:
    ahead = source(0.0, near=False)[None]
    after = turned(ahead, torch.tensor([math.pi / 2]))
    assert int(after[0, 1].argmax()) in (CANDIDATES * 3 // 4 - 1, CANDIDATES * 3 // 4)
    assert turned(ahead, torch.tensor([0.0])).equal(ahead)


def test_what_was_heard_ahead_is_not_said_behind_when_a_second_cannot_tell() -> None:
    heat = torch.stack([source(0.0, near=False), source(0.0, near=False)])
    regions = torch.full((2, len(REGIONS)), 0.02)
    front, back = REGIONS.index("front-far"), REGIONS.index("back-far")
    regions[0, front] = 0.95
    regions[1, front], regions[1, back] = 0.48, 0.5
    heat[1] = torch.maximum(source(0.0, near=False), source(math.pi, near=False)) - 3
    remembered = DirectionMemory()(heat[None], regions[None], torch.zeros(1, 2))[0]
    assert remembered[1, front] > remembered[1, back]
    half_turn = DirectionMemory()(heat[None], regions[None], torch.tensor([[0.0, math.pi]]))[0]
    assert half_turn[1, back] > half_turn[1, front]


def test_the_first_second_has_nothing_to_remember() -> None:
    heat, regions = source(1.0, near=True)[None, None], torch.full((1, 1, len(REGIONS)), 0.3)
    memory = DirectionMemory()
    with torch.no_grad():
        memory.alone.fill_(1.0)
    assert torch.allclose(memory(heat, regions, torch.zeros(1, 1)), regions, atol=1e-5)


def test_the_memory_learns_that_sources_stay() -> None:
    rng = torch.Generator().manual_seed(0)
    truth = torch.zeros(4, 6, len(REGIONS))
    truth[:, :, REGIONS.index("left-far")] = 1.0
    heat = torch.stack([source(math.pi / 2, near=False)]).expand(4, 6, 2, CANDIDATES)
    heat = heat + torch.randn(4, 6, 1, 1, generator=rng)
    regions = (truth * 0.4 + 0.3 + 0.25 * torch.randn(truth.shape, generator=rng)).clamp(0.02, 0.98)
    given = (heat, regions, torch.zeros(4, 6))

    def loss(memory: DirectionMemory) -> float:
        with torch.no_grad():
            found = memory(*given).clamp(1e-5, 1 - 1e-5)
        return float(torch.nn.functional.binary_cross_entropy(found, truth))

    assert loss(fit_memory([given], [truth], steps=4)) < loss(DirectionMemory())
