"""Training localization with two ears on rendered seconds.

No second is seen often, so the network cannot memorise seconds, and its probabilities for ambiguous
seconds are those that remain.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from models.network.low_precision import low_precision
from models.research.egolog.localization.batched.augment import SETTLED, Imbalance, augment
from models.research.egolog.localization.batched.validation import (
    calibrate,
    score_of,
    share_of_near,
    validation_figures,
)
from models.research.egolog.localization.training import HEAT_WEIGHT
from models.research.lib.schedule import moments

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.egolog.localization import Localization
    from models.research.egolog.localization.batched.seconds import RenderedSeconds
    from models.research.lib.schedule import Moment

SHARE_WEIGHT = 0.5
WARM_UP_STEPS = 200
# Added to the cosine, of which so much is left at the end.
LEAST_COSINE = 0.005
MAX_GRADIENT = 2.0
KEEP = 0.9995


class SecondsSource(Protocol):
    """Where rendered seconds to learn from are taken."""

    @property
    def seconds(self) -> RenderedSeconds:
        """All of them, on one device."""

    def renew(self, step: int) -> None:
        """Replace some of them if that is due at this step."""


@dataclass(frozen=True)
class Course:
    """How to train: `minutes` of wall clock, rate, seconds a batch, and how often to check.

    `clips` are rendered at a time, and `buffer` seconds kept, where they are renewed.
    """

    minutes: float
    rate: float
    seed: int
    imbalance: Imbalance = SETTLED
    batch: int = 512
    clips: int = 256
    buffer: int = 40_000
    check_s: float = 45.0


def loss_of(
    network: Localization,
    drawn: RenderedSeconds,
    rows: Tensor,
    imbalance: Imbalance,
    rng: torch.Generator,
) -> Tensor:
    """Return the loss of seconds `rows`, changed by what keeps their labels."""
    batch = augment(drawn, rows, imbalance, rng)
    with low_precision(enabled=batch.maps.device.type == "cpu"):
        located = network(batch.maps, batch.imu, batch.has_imu)
    loss = regions_loss(located.regions.float(), batch.regions, batch.nearness, batch.alone)
    if located.heat is not None:
        entropy = nn.functional.binary_cross_entropy_with_logits
        loss = loss + HEAT_WEIGHT * entropy(located.heat.float(), batch.heat.float())
    return loss


def regions_loss(logits: Tensor, regions: Tensor, nearness: Tensor, alone: Tensor) -> Tensor:
    """Return the loss of logits (B, 8), and of a single source's share of near (`alone` is 1)."""
    loss = nn.functional.binary_cross_entropy_with_logits(logits, regions)
    near = share_of_near(torch.sigmoid(logits)).clamp(1e-4, 1 - 1e-4)
    share = nn.functional.binary_cross_entropy(near, nearness, reduction="none")
    return loss + SHARE_WEIGHT * (share * alone).sum() / alone.sum().clamp(min=1)


def train(
    network: Localization,
    source: SecondsSource,
    check: dict[str, RenderedSeconds],
    course: Course,
    save: Callable[[Localization, dict[str, Any]], None],
) -> Localization:
    """Train, and return the moving average that validated best; `save` is called at each check."""
    device = source.seconds.maps.device
    rng = torch.Generator(device).manual_seed(course.seed)
    network.to(device).train().requires_grad_(True)
    network.temper.fill_(1.0)
    network.offset.fill_(0.0)
    average = _MovingAverage(network)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=course.rate, weight_decay=0.02, fused=device.type == "cuda"
    )
    losses: list[Tensor] = []
    seconds = 60 * course.minutes
    for moment in moments("localization", course.minutes, None, seconds / course.check_s):
        if moment.is_check:
            row = {"spent": moment.done * seconds, "steps": moment.step}
            row |= _check(network, average, optimiser, losses, check)
            average.keep_best(row["score"])
            save(average.best(), row)
        if moment.done >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = rate_at(moment, course.rate)
        source.renew(moment.step)
        count = len(source.seconds.maps)
        rows = torch.randint(count, (course.batch,), generator=rng, device=device)
        loss = loss_of(network, source.seconds, rows, course.imbalance, rng)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), MAX_GRADIENT, foreach=True)
        optimiser.step()
        average.follow(moment.step)
        losses.append(loss.detach())
        del losses[:-200]
    best = average.best()
    calibrate(best, check)
    return best


def rate_at(moment: Moment, highest: float) -> float:
    """Return the learning rate: a warm-up to `highest`, then a cosine that leaves a little."""
    return highest * moment.warm_up(WARM_UP_STEPS) * (moment.cosine + LEAST_COSINE)


def _check(
    network: Localization,
    average: _MovingAverage,
    optimiser: torch.optim.Optimizer,
    losses: list[Tensor],
    check: dict[str, RenderedSeconds],
) -> dict[str, Any]:
    """Return the loss and the validation's figures; restore `network` if the loss diverged."""
    loss_now = float(torch.stack(losses[-200:]).mean()) if losses else None
    row: dict[str, Any] = {"loss": loss_now} | average.judge(check)
    if loss_now is not None and not np.isfinite(loss_now):
        print("the loss is not finite: continuing from the best so far", flush=True)
        average.restore(network)
        optimiser.state.clear()
        losses.clear()
    return row


class _MovingAverage:
    """The moving average of a network's weights, and its state that validated best."""

    def __init__(self, network: Localization) -> None:
        self._mean = copy.deepcopy(network).eval().requires_grad_(False)
        self._best, self._state = float("-inf"), copy.deepcopy(self._mean.state_dict())
        pairs = zip(self._mean.state_dict().values(), network.state_dict().values(), strict=True)
        floats = [(mean, live) for mean, live in pairs if mean.is_floating_point()]
        self._averaged, self._live = [mean for mean, _ in floats], [live for _, live in floats]

    @torch.no_grad()
    def follow(self, step: int) -> None:
        """Move towards the network's weights after a step."""
        kept = min(KEEP, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._averaged, self._live, 1 - kept)

    def judge(self, check: dict[str, RenderedSeconds]) -> dict[str, Any]:
        """Return the figures of all validation sets and their `score`."""
        judgement = validation_figures(self._mean, check)
        return {"score": score_of(judgement)} | judgement

    def restore(self, network: Localization) -> None:
        """Set the average and the network back to the best state."""
        network.load_state_dict(self._state)
        self._mean.load_state_dict(self._state)

    def keep_best(self, score: float) -> None:
        """Remember the state if its score is the best so far."""
        if score > self._best:
            self._best, self._state = score, copy.deepcopy(self._mean.state_dict())

    def best(self) -> Localization:
        """Return a copy of the network in its best state."""
        best = copy.deepcopy(self._mean)
        best.load_state_dict(self._state)
        return best
