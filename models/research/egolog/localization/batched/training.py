"""Training localization with two ears on rendered seconds.

No second is seen often, so the network cannot memorise seconds, and its probabilities for ambiguous
seconds are those that remain. A graphics card renders new ones during training
(`RenewedSeconds`); a CPU would do little else, so it learns from many that were drawn before
(`DrawnSeconds`).
"""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from models.network.low_precision import low_precision
from models.research.egolog.localization.batched.augment import SETTLED, Imbalance, augment
from models.research.egolog.localization.batched.seconds import RenderedSeconds, World
from models.research.egolog.localization.batched.sources import Placements
from models.research.egolog.localization.batched.validation import (
    calibrate,
    score_of,
    share_of_near,
    validation_figures,
)
from models.research.egolog.localization.training import HEAT_WEIGHT

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.egolog.localization import Localization

SHARE_WEIGHT = 0.5
WARM_UP_STEPS = 200
MAX_GRADIENT = 2.0
KEEP = 0.9995
TRAINING = Placements(
    rooms={
        "open": 0.17,
        "dry": 0.10,
        "street": 0.17,
        "room": 0.27,
        "live": 0.08,
        "hall": 0.11,
        "bathroom": 0.08,
        "car": 0.02,
    },
    counts=(0.05, 0.55, 0.27, 0.13),
    border=0.5,
    still=0.1,
)


class SecondsSource(Protocol):
    """Where rendered seconds to learn from are taken."""

    @property
    def seconds(self) -> RenderedSeconds:
        """All of them, on one device."""

    def renew(self, step: int) -> None:
        """Replace some of them if that is due at this step."""


@dataclass(frozen=True)
class DrawnSeconds:
    """Seconds that stay as they were drawn."""

    seconds: RenderedSeconds

    def renew(self, step: int) -> None:
        """Keep all."""


@dataclass
class Course:
    """How to train: `seconds` of wall clock, rate, seconds a batch, and how often to check.

    `clips` are rendered at a time, and `buffer` seconds kept, where they are renewed.
    """

    seconds: float
    rate: float
    seed: int
    imbalance: Imbalance = SETTLED
    batch: int = 512
    clips: int = 256
    buffer: int = 40_000
    check_s: float = 45.0
    log: list[dict[str, Any]] = field(default_factory=list)


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
    began = time.monotonic()
    step, next_check = 0, course.check_s
    losses: list[Tensor] = []
    while True:
        spent = time.monotonic() - began
        done = min(1.0, spent / course.seconds)
        if spent >= next_check or done >= 1:
            next_check = spent + course.check_s
            row = {"spent": spent, "steps": step}
            row |= _check(network, average, optimiser, losses, check)
            course.log.append(row)
            average.keep_best(row["score"])
            save(average.best(), row)
            if done >= 1:
                break
        warm = min(1.0, (step + 1) / WARM_UP_STEPS)
        for group in optimiser.param_groups:
            group["lr"] = course.rate * warm * (0.5 * (1 + np.cos(np.pi * done)) + 0.005)
        source.renew(step)
        count = len(source.seconds.maps)
        rows = torch.randint(count, (course.batch,), generator=rng, device=device)
        loss = loss_of(network, source.seconds, rows, course.imbalance, rng)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), MAX_GRADIENT, foreach=True)
        optimiser.step()
        average.follow(step)
        losses.append(loss.detach())
        del losses[:-200]
        step += 1
    best = average.best()
    calibrate(best, check)
    return best


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


class RenewedSeconds:
    """Rendered seconds, of which the oldest are replaced by new ones.

    Rendering is slower than a step of training, so it is done every few steps: as often as leaves
    half of the time for learning.
    """

    def __init__(self, world: World, course: Course, placing: Placements = TRAINING) -> None:
        self._device = world.ears.plain.device
        rng = torch.Generator(self._device).manual_seed(course.seed)
        self._render: Callable[[], RenderedSeconds] = lambda: world.draw(placing, course.clips, rng)
        parts = [self._render()]
        self._size, self._render_s = len(parts[0].maps), 1.0
        while self._size * len(parts) < min(course.buffer, 40 * self._size):
            _wait(self._device)
            began = time.monotonic()
            parts.append(self._render())
            _wait(self._device)
            self._render_s = time.monotonic() - began
        self.seconds = RenderedSeconds.concatenate(parts)
        self._capacity = len(self.seconds.maps)
        self._slot, self._every, self._measured_from = 0, 2, 0.0

    def renew(self, step: int) -> None:
        """Render new seconds if they are due at this step."""
        if step % self._every:
            return
        if step == 40:
            _wait(self._device)
            self._measured_from = time.monotonic()
        if step == 80:
            self._choose_pace()
        for column, rows in zip(self.seconds, self._render(), strict=True):
            column[self._slot : self._slot + self._size] = rows
        following = self._slot + self._size
        self._slot = following % self._capacity if following + self._size <= self._capacity else 0

    def _choose_pace(self) -> None:
        _wait(self._device)
        both_s = time.monotonic() - self._measured_from
        step_s = (both_s - self._render_s * 40 / self._every) / 40
        self._every = int(np.clip(round(self._render_s / max(step_s, 1e-3)), 1, 6))
        print(
            f"render {self._render_s:.3f} s, step {step_s:.3f} s: renders every {self._every}",
            flush=True,
        )


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
