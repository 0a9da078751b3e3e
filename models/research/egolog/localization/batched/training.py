"""Training localization with two ears on seconds that are rendered during training.

No second is seen often, so the network cannot memorise seconds, and its probabilities for ambiguous
seconds are those that remain.
"""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from models.research.egolog.augment import MIRRORED_REGIONS, mirrored_maps
from models.research.egolog.localization import seconds as spatial
from models.research.egolog.localization.batched.seconds import Placements, RenderedSeconds, World
from models.research.egolog.localization.training import COLOUR_NATS, HEAT_WEIGHT, WITHOUT_IMU
from schemas.evidence import DIRECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

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
        "hall": 0.13,
        "bathroom": 0.06,
        "car": 0.02,
    },
    counts=(0.05, 0.55, 0.27, 0.13),
    border=0.7,
    still=0.1,
)
CONTINUUM = Placements(rooms=spatial.CONTINUUM.rooms)
APART = Placements(rooms=spatial.APART.rooms, border=0.0)
DRY = Placements(rooms={"open": 1.0}, counts=(0.0, 1.0), border=0.5, still=1.0)
ROOMS = Placements(rooms={"room": 0.6, "hall": 0.4}, counts=(0.0, 1.0), border=0.5, still=1.0)
VALIDATION: dict[str, tuple[Placements, bool]] = {
    "continuum": (CONTINUUM, True),
    "apart": (APART, True),
    "dry": (DRY, False),
    "rooms": (ROOMS, False),
}
"""Validation sets: placing, and whether the motion is shown. Those without are heard through two
microphones that are not alike."""


@dataclass(frozen=True)
class Imbalance:
    """How unlike two microphones are: nats of power each, `wide` for a `share` of the seconds."""

    narrow: float = 0.15
    wide: float = 0.35
    share: float = 0.5
    unlike: float = 0.06
    wide_unlike: float = 0.12


@dataclass
class Course:
    """How to train: seconds a batch, wall clock, rate, and where to stop."""

    seconds: float
    rate: float
    seed: int
    imbalance: Imbalance = Imbalance()
    batch: int = 512
    clips: int = 256
    buffer: int = 40_000
    check_s: float = 45.0
    log: list[dict[str, Any]] = field(default_factory=list)


def rotations(count: int, rng: torch.Generator) -> Tensor:
    """Draw rotations (B, 3, 3), any as likely."""
    q = nn.functional.normalize(torch.randn((count, 4), generator=rng, device=rng.device), dim=1)
    w, x, y, z = q.unbind(1)
    rows = [
        1 - 2 * (y * y + z * z),
        2 * (x * y - z * w),
        2 * (x * z + y * w),
        2 * (x * y + z * w),
        1 - 2 * (x * x + z * z),
        2 * (y * z - x * w),
        2 * (x * z - y * w),
        2 * (y * z + x * w),
        1 - 2 * (x * x + y * y),
    ]
    return torch.stack(rows, dim=1).reshape(count, 3, 3)


def vary_microphones(mel: Tensor, imbalance: Imbalance, rng: torch.Generator) -> Tensor:
    """Other microphones: log-mels (B, 2, T, 64) with a common and a slight own response."""
    batch, microphones, _, bins = mel.shape
    device = mel.device

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=rng, device=device)

    octave = torch.linspace(0, torch.pi, bins, device=device)
    shapes = torch.stack([torch.cos(k * octave) for k in range(1, 6)])
    common = COLOUR_NATS * normal(batch, 1, 5) @ shapes
    wide = torch.rand((batch, 1, 1), generator=rng, device=device) < imbalance.share
    nats = torch.where(wide, imbalance.wide, imbalance.narrow)
    unlike = torch.where(wide, imbalance.wide_unlike, imbalance.unlike)
    own = unlike * normal(batch, microphones, 5) @ shapes
    level = normal(batch, 1, 1) + nats * normal(batch, microphones, 1)
    change = (common + own + level)[:, :, None]
    return torch.where(mel > 0, (mel + change).clamp(min=0.0), mel)


class AugmentedBatch(NamedTuple):
    """A batch, changed by what keeps its labels: inputs of `Localization`, and what is true.

    `has_imu` (B,) says which motion is shown; the rest is as in `RenderedSeconds`.
    """

    maps: Tensor
    imu: Tensor
    has_imu: Tensor
    regions: Tensor
    heat: Tensor
    nearness: Tensor
    alone: Tensor


def augment(
    drawn: RenderedSeconds, rows: Tensor, imbalance: Imbalance, rng: torch.Generator
) -> AugmentedBatch:
    """Mirror half of the seconds `rows`, turn their motion, and hear them by other microphones."""
    maps, imu = drawn.maps[rows].float(), drawn.imu[rows]
    regions, heat = drawn.regions[rows], drawn.heat[rows]
    half = len(rows) // 2
    maps = torch.cat([mirrored_maps(maps[:half]), maps[half:]])
    regions = torch.cat([regions[:half][:, MIRRORED_REGIONS], regions[half:]])
    heat = torch.cat([heat[:half].flip(2), heat[half:]])
    flip = imu.new_tensor([1.0, -1.0, 1.0])
    acc, gyro = imu[..., :3], imu[..., 3:]
    # A reflection flips the sense of rotation too.
    acc = torch.cat([acc[:half] * flip, acc[half:]])
    gyro = torch.cat([-gyro[:half] * flip, gyro[half:]])
    turn = rotations(len(rows), rng).transpose(1, 2)
    imu = torch.cat([acc @ turn, gyro @ turn], dim=2).transpose(1, 2)
    maps = torch.cat([vary_microphones(maps[:, :2], imbalance, rng), maps[:, 2:]], dim=1)
    has_imu = torch.rand(len(rows), generator=rng, device=maps.device) >= WITHOUT_IMU
    alone = (drawn.sources[rows] == 1).float()
    return AugmentedBatch(maps, imu, has_imu, regions, heat, drawn.nearness[rows], alone)


def loss_of(
    network: Localization,
    drawn: RenderedSeconds,
    rows: Tensor,
    imbalance: Imbalance,
    rng: torch.Generator,
) -> Tensor:
    """Return the loss of seconds `rows`, changed by what keeps their labels."""
    batch = augment(drawn, rows, imbalance, rng)
    located = network(batch.maps, batch.imu, batch.has_imu)
    loss = regions_loss(located.regions, batch.regions, batch.nearness, batch.alone)
    if located.heat is not None:
        entropy = nn.functional.binary_cross_entropy_with_logits
        loss = loss + HEAT_WEIGHT * entropy(located.heat, batch.heat)
    return loss


def regions_loss(logits: Tensor, regions: Tensor, nearness: Tensor, alone: Tensor) -> Tensor:
    """Return the loss of logits (B, 8), and of a single source's share of near (`alone` is 1)."""
    loss = nn.functional.binary_cross_entropy_with_logits(logits, regions)
    near = share_of_near(torch.sigmoid(logits)).clamp(1e-4, 1 - 1e-4)
    share = nn.functional.binary_cross_entropy(near, nearness, reduction="none")
    return loss + SHARE_WEIGHT * (share * alone).sum() / alone.sum().clamp(min=1)


def share_of_near(probability: Tensor) -> Tensor:
    """Return the share of near (N,) in all that is heard, of regions (N, 8)."""
    both = probability.reshape(len(probability), len(DIRECTIONS), 2).sum(1)
    return both[:, 0] / both.sum(1).clamp(min=1e-9)


@torch.no_grad()
def validation_sets(
    world: World, clips: int, seed: int, names: Collection[str] = frozenset(VALIDATION)
) -> dict[str, RenderedSeconds]:
    """Draw the validation sets `names`, through unlike microphones where no motion is shown."""
    sets = {}
    for number, (name, (placing, shown)) in enumerate(VALIDATION.items()):
        if name not in names:
            continue
        rng = torch.Generator(world.ears.plain.device).manual_seed(1000 * seed + number)
        parts = [
            world.draw(placing, min(128, clips - first), rng) for first in range(0, clips, 128)
        ]
        drawn = RenderedSeconds.concatenate(parts)
        if not shown:
            mel = vary_microphones(drawn.maps[:, :2].float(), Imbalance(), rng).half()
            drawn = drawn._replace(maps=torch.cat([mel, drawn.maps[:, 2:]], dim=1))
        sets[name] = drawn
    return sets


@torch.no_grad()
def logits_of(network: Localization, drawn: RenderedSeconds, imu: bool) -> Tensor:
    """Return uncalibrated logits (N, 8)."""
    out = []
    for rows in torch.split(torch.arange(len(drawn.maps), device=drawn.maps.device), 512):
        motion = drawn.imu[rows].transpose(1, 2) if imu else None
        out.append(network(drawn.maps[rows].float(), motion).regions.float())
    return torch.cat(out)


def figures(probability: Tensor, drawn: RenderedSeconds) -> dict[str, float]:
    """Return accuracies on seconds of one source, front-back error and calibration of near."""
    one = drawn.sources == 1
    p, hard = probability[one].reshape(-1, 4, 2), drawn.hard[one]
    true = hard.argmax(1)
    direction, truth = p.sum(2).argmax(1), true // 2
    near = share_of_near(probability[one])
    is_near = true % 2 == 0
    ends = torch.isin(truth, _front_and_back(truth))
    wrong = (direction[ends] != truth[ends]) & torch.isin(direction[ends], _front_and_back(truth))
    azimuth = drawn.azimuth[one].abs()
    lateral = (azimuth > torch.pi / 4) & (azimuth < 3 * torch.pi / 4)
    bins = (near * 10).long().clamp(max=9)
    error = 0.0
    for b in range(10):
        here = bins == b
        if here.any():
            gap = (near[here].mean() - is_near[here].float().mean()).abs()
            error += float(here.float().mean() * gap)
    called = near > 0.5
    right = called == is_near
    return {
        "direction": float((direction == truth).float().mean()),
        "distance": float(right.float().mean()),
        "lateral": float(right[lateral].float().mean()),
        "said_far": float((~called)[~is_near].float().mean()),
        "front_back": float(wrong.float().mean()),
        "ece": error,
    }


def _front_and_back(like: Tensor) -> Tensor:
    return torch.tensor([DIRECTIONS.index("front"), DIRECTIONS.index("back")], device=like.device)


def score_of(judgement: dict[str, dict[str, float]]) -> float:
    """Return what chooses the checkpoint."""
    parts = [
        judgement["continuum"]["direction"],
        judgement["continuum"]["distance"],
        judgement["apart"]["direction"],
        judgement["apart"]["distance"],
        judgement["apart"]["distance"],
        judgement["dry"]["lateral"],
        judgement["rooms"]["distance"],
    ]
    return float(np.mean(parts))


def validation_figures(
    network: Localization, sets: dict[str, RenderedSeconds]
) -> dict[str, dict[str, float]]:
    """Return the figures of all validation sets, and of `apart` without motion."""
    judgement = {}
    for name, drawn in sets.items():
        logits = logits_of(network, drawn, VALIDATION[name][1])
        judgement[name] = figures(network.calibrate(logits), drawn)
    if "apart" in sets:
        judgement["apart_without"] = figures(
            network.calibrate(logits_of(network, sets["apart"], False)), sets["apart"]
        )
    return judgement


def calibrate(network: Localization, sets: dict[str, RenderedSeconds]) -> None:
    """Fit scale and offset of near and far logits on validation (Platt).

    What counts is the regions' probabilities and the share of near of single sources alike.
    """
    rows = []
    for name, drawn in sets.items():
        shown = (True, False) if VALIDATION[name][1] else (False,)
        rows += [(logits_of(network, drawn, imu), drawn.hard, drawn.sources) for imu in shown]
    logits, hard, sources = (torch.cat(column).cpu() for column in zip(*rows, strict=True))
    scale, offset = (torch.full((2,), value, requires_grad=True) for value in (1.0, 0.0))
    optimiser = torch.optim.LBFGS([scale, offset], max_iter=60, line_search_fn="strong_wolfe")
    alone = sources == 1
    near = (hard[alone].argmax(1) % 2 == 0).float()

    def closure() -> Tensor:
        optimiser.zero_grad()
        each = (logits.reshape(len(logits), -1, 2) * scale + offset).flatten(1)
        loss = nn.functional.binary_cross_entropy_with_logits(each, hard)
        share = share_of_near(torch.sigmoid(each[alone])).clamp(1e-5, 1 - 1e-5)
        loss = loss + 0.5 * nn.functional.binary_cross_entropy(share, near)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    network.temper.copy_(scale.detach())
    network.offset.copy_(offset.detach())


def train(
    network: Localization,
    world: World,
    check: dict[str, RenderedSeconds],
    course: Course,
    save: Callable[[Localization, dict[str, Any]], None],
    placing: Placements = TRAINING,
) -> Localization:
    """Train, and return the moving average that validated best; `save` is called at each check."""
    device = world.ears.plain.device
    rng = torch.Generator(device).manual_seed(course.seed)
    began = time.monotonic()
    network.to(device).train().requires_grad_(True)
    network.temper.fill_(1.0)
    network.offset.fill_(0.0)
    average = _MovingAverage(network)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=course.rate, weight_decay=0.02, fused=device.type == "cuda"
    )
    replay = _Replay(world, placing, course, rng)
    filled = time.monotonic() - began
    print(f"rendered {replay.capacity} s in {filled:.1f} s", flush=True)
    step, next_check = 0, course.check_s
    losses: list[Tensor] = []
    while True:
        spent = time.monotonic() - began
        done = min(1.0, (spent - filled) / max(course.seconds - filled, 1e-6))
        if spent >= next_check or done >= 1:
            next_check = spent + course.check_s
            loss_now = float(torch.stack(losses[-200:]).mean()) if losses else None
            row: dict[str, Any] = {"spent": spent, "steps": step, "renders": replay.renders}
            row |= {"loss": loss_now} | average.judge(check)
            course.log.append(row)
            if loss_now is not None and not np.isfinite(loss_now):
                print("the loss is not finite: continuing from the best so far", flush=True)
                average.restore(network)
                optimiser.state.clear()
                losses.clear()
            average.keep_best(row["score"])
            save(average.best(), row)
            if done >= 1:
                break
        warm = min(1.0, (step + 1) / WARM_UP_STEPS)
        for group in optimiser.param_groups:
            group["lr"] = course.rate * warm * (0.5 * (1 + np.cos(np.pi * done)) + 0.005)
        replay.renew(step)
        rows = torch.randint(replay.capacity, (course.batch,), generator=rng, device=device)
        loss = loss_of(network, replay.seconds, rows, course.imbalance, rng)
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


class _Replay:
    """Rendered seconds to learn from, of which the oldest are replaced by new ones.

    Rendering is slower than a step of training, so it is done every few steps: as often as leaves
    half of the time for learning.
    """

    def __init__(
        self, world: World, placing: Placements, course: Course, rng: torch.Generator
    ) -> None:
        self._render: Callable[[], RenderedSeconds] = lambda: world.draw(placing, course.clips, rng)
        self._device = rng.device
        parts = [self._render()]
        self._size, self._render_s = len(parts[0].maps), 1.0
        while self._size * len(parts) < min(course.buffer, 40 * self._size):
            _wait(self._device)
            began = time.monotonic()
            parts.append(self._render())
            _wait(self._device)
            self._render_s = time.monotonic() - began
        self.seconds = RenderedSeconds.concatenate(parts)
        self.capacity = len(self.seconds.maps)
        self.renders = len(parts)
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
        self.renders += 1
        following = self._slot + self._size
        self._slot = following % self.capacity if following + self._size <= self.capacity else 0

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
