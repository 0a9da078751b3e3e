"""Rules of `models.research.lanhar.training.one_cycle`."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import Parameter

from models.research.lanhar.training.one_cycle import train_one_cycle


def test_every_step_has_a_loss_and_what_is_frozen_stays() -> None:
    free, frozen = Parameter(torch.ones(2)), Parameter(torch.ones(2), requires_grad=False)
    steps = []

    def loss_of(step: int) -> Tensor:
        steps.append(step)
        return (free * frozen).square().sum()

    losses = train_one_cycle([free, frozen], loss_of, 20, 0.1)
    assert steps == list(range(20))
    assert losses[0] == 2.0
    assert losses[-1] < losses[0] / 2
    assert torch.equal(frozen, torch.ones(2))


def test_gradients_are_clipped_together() -> None:
    both = [Parameter(torch.full((1,), 30.0)), Parameter(torch.full((1,), 40.0))]
    lengths = []

    def loss_of(step: int) -> Tensor:
        if step:
            lengths.append(
                float(torch.cat([each.grad for each in both if each.grad is not None]).norm())
            )
        return sum((each.square().sum() / 2 for each in both), torch.zeros(()))

    train_one_cycle(both, loss_of, 3, 0.01, max_gradient=1.0)
    assert all(abs(length - 1.0) < 1e-4 for length in lengths)
    lengths.clear()
    train_one_cycle(both, loss_of, 3, 0.01)
    assert all(length > 49 for length in lengths)
    assert len(lengths) == 2
