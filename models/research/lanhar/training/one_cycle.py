"""The training loop of LanHAR and its baselines: AdamW under one cycle of the learning rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch import Tensor
    from torch.nn import Parameter


def train_one_cycle(
    parameters: Iterable[Parameter],
    loss_of: Callable[[int], Tensor],
    steps: int,
    rate: float,
    *,
    decay: float = 0.01,
    max_gradient: float | None = None,
) -> list[float]:
    """Train in place for a fixed number of steps and return the loss of each.

    `loss_of` is given the number of the step and returns the loss of a batch. `rate` is the highest
    (Smith & Topin 2019), `max_gradient` the largest norm of all gradients.
    """
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, rate, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, max(steps, 2))
    losses = []
    for step in range(steps):
        loss = loss_of(step)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if max_gradient is not None:
            torch.nn.utils.clip_grad_norm_(trained, max_gradient)
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    return losses
