from __future__ import annotations

import math

import pytest
import torch

from models.egolog.direction_memory import CANDIDATES, QUARTERS
from models.research.egolog.localization.direction_memory import (
    SecondsInOrder,
    TrainableFilter,
    fit_filter,
)

LEFT, FAR = QUARTERS.index("left"), 1


def on_the_left(stretches: int, seconds: int) -> SecondsInOrder:
    """Return stretches in which a far source stays on the left, heard more or less surely."""
    rng = torch.Generator().manual_seed(0)
    each = (torch.arange(CANDIDATES) + 0.5) * 2 * math.pi / CANDIDATES - math.pi / 4
    heat = torch.full((stretches, seconds, 2, CANDIDATES), -6.0)
    heat[:, :, FAR] += 10 * torch.exp(-0.5 * ((each - math.pi / 2) / 0.12) ** 2)
    heat += torch.randn(stretches, seconds, 1, 1, generator=rng)
    truth = torch.zeros(stretches, seconds, 2, len(QUARTERS))
    truth[..., FAR, LEFT] = 1.0
    unsure = 0.25 * torch.randn(truth.shape, generator=rng)
    alone = (0.4 * truth + 0.3 + unsure).clamp(0.02, 0.98)
    return SecondsInOrder(heat, alone, torch.zeros(stretches, seconds), truth)


def loss(network: TrainableFilter, days: SecondsInOrder) -> float:
    with torch.no_grad():
        found = network(days).clamp(1e-5, 1 - 1e-5)
    return float(torch.nn.functional.binary_cross_entropy(found, days.truth))


def test_the_first_second_is_as_it_is_by_itself() -> None:
    days = on_the_left(2, 2)
    with torch.no_grad():
        found = TrainableFilter()(days)
    assert found[:, 0].equal(days.alone[:, 0])
    assert not torch.allclose(found[:, 1], days.alone[:, 1], atol=1e-3)


def test_the_memory_learns_that_sources_stay() -> None:
    days = on_the_left(4, 6)
    network, start = TrainableFilter(), TrainableFilter().to_filter()
    fitted = fit_filter([days], steps=4)
    assert fitted != start
    for name in ("scale", "change"):
        network.parts[name].data = torch.tensor(getattr(fitted, name))[:, None]
    assert loss(network, days) < loss(TrainableFilter(), days)


def test_parameters_are_written_down_as_the_stream_takes_them() -> None:
    start = TrainableFilter().to_filter()
    assert start.weight == (0.6, 0.6)
    assert start.stays == pytest.approx((1 / (1 + math.exp(-1.0)),) * 2, abs=1e-3)
