"""Rules of `models.research.lib.muon`."""

import pytest
import torch
from torch import nn

from models.research.lib.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(16, 64), (64, 16), (32, 32)])
def test_a_change_has_singular_values_near_one(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonal(torch.randn(shape) * 100))
    assert values.max() < 1.3
    assert values.median() > 0.6


def test_the_size_of_a_step_does_not_depend_on_the_gradients() -> None:
    sizes = []
    for scale in (1e-3, 1e3):
        weight = nn.Parameter(torch.zeros(8, 4, 3, 3))
        torch.manual_seed(0)
        weight.grad = scale * torch.randn(8, 4, 3, 3)
        Muon([weight], lr=0.1).step()
        sizes.append(float(weight.detach().square().mean().sqrt()))
    assert sizes[0] == pytest.approx(sizes[1], rel=0.05)
    assert sizes[0] == pytest.approx(0.1 * 0.2, rel=0.3)


def test_steps_lead_to_the_least_squares_solution() -> None:
    torch.manual_seed(0)
    inputs, truth = torch.randn(256, 16), torch.randn(8, 16)
    weight = nn.Parameter(0.1 * torch.randn(8, 16))
    optimiser = Muon([weight], lr=0.1)
    for step in range(200):
        optimiser.param_groups[0]["lr"] = 0.1 * (1 - step / 200)
        loss = (inputs @ weight.T - inputs @ truth.T).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 1e-2


def test_a_weight_without_a_gradient_stays() -> None:
    weight = nn.Parameter(torch.ones(4, 4))
    Muon([weight], lr=0.1, decay=0.1).step()
    assert torch.equal(weight, torch.ones(4, 4))
