"""The training loop of all networks: AdamW, a cosine schedule over a time budget, best weights."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from models.research.lib.schedule import moments

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

WARM_UP_STEPS = 50
MAX_GRADIENT = 2.0


@dataclass(frozen=True)
class Fit:
    """How long and how fast: `minutes` of wall clock, or `steps` if that comes first.

    With `steps` the rate follows them alone, so that a seed gives the same weights on any machine.
    """

    minutes: float
    rate: float = 1e-3
    decay: float = 0.02
    checks: int = 12
    steps: int | None = None


@dataclass(frozen=True)
class FitResult:
    """The best validation score, and the losses of all steps."""

    score: float
    losses: list[float]


def fit(
    name: str,
    module: nn.Module,
    loss_of: Callable[[Generator], Tensor],
    score_of: Callable[[], float],
    settings: Fit,
    seed: int,
) -> FitResult:
    """Train `module` in place and leave it with the weights that validated best.

    `loss_of` draws a batch and returns its loss; `score_of` validates, more is better. Checkpoints
    are chosen by validation alone.
    """
    rng = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(
        module.parameters(), lr=settings.rate, weight_decay=settings.decay
    )
    best, best_state = float("-inf"), copy.deepcopy(module.state_dict())
    losses: list[float] = []
    for moment in moments(name, settings.minutes, settings.steps, settings.checks):
        if moment.is_check:
            module.eval()
            with torch.inference_mode():
                score = score_of()
            if score > best:
                best, best_state = score, copy.deepcopy(module.state_dict())
            moment.bar.set_postfix(loss=f"{np.mean(losses[-50:]):.3f}", score=f"{score:.3f}")
        if moment.done >= 1:
            break
        module.train()
        for group in optimiser.param_groups:
            group["lr"] = moment.rate(settings.rate, WARM_UP_STEPS)
        loss = loss_of(rng)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(module.parameters(), MAX_GRADIENT)
        optimiser.step()
        losses.append(float(loss.detach()))
    module.load_state_dict(best_state)
    module.eval()
    return FitResult(best, losses)
