"""Optimisers of a sound encoder, their step, and the moving average of its weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.research.lib.muon import Muon

# The stem's 25 inputs are too few to be worth making orthogonal.
MIN_COLUMNS = 31
MAX_GRADIENT = 3.0


def optimisers(model: nn.Module, rate: float, decay: float) -> list[torch.optim.Optimizer]:
    """Return Muon for the inner matrices, AdamW for the stem, the outputs and all vectors."""
    inside: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, weight in model.named_parameters():
        matrix = weight.ndim >= 2 and ("layers." in name or "widen" in name or "mix" in name)
        (inside if matrix and weight[0].numel() > MIN_COLUMNS else rest).append(weight)
    return [
        Muon(inside, rate, decay=decay),
        torch.optim.AdamW(rest, lr=rate, weight_decay=decay, fused=True),
    ]


@torch.no_grad()
def follow(mean: nn.Module, trained: nn.Module, keep: float) -> None:
    """Update a moving average with the trained weights; `keep` is the share of its old value."""
    for ours, theirs in zip(mean.state_dict().values(), trained.state_dict().values(), strict=True):
        if ours.dtype.is_floating_point:
            ours.lerp_(theirs.detach().to(ours.dtype), 1 - keep)
        else:
            ours.copy_(theirs)


def take_step(
    loss: Tensor, steppers: list[torch.optim.Optimizer], module: nn.Module, rate: float
) -> None:
    """Take an optimiser step at learning rate `rate`."""
    for group in (group for each in steppers for group in each.param_groups):
        group["lr"] = rate
    module.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(module.parameters(), MAX_GRADIENT)
    for stepper in steppers:
        stepper.step()
