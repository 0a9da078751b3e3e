"""Validation of localization with two ears: the sets, their figures, and calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from models.research.egolog.localization import placing as clip_placing
from models.research.egolog.localization.batched.augment import SETTLED, vary_microphones
from models.research.egolog.localization.batched.sources import Placements
from schemas.evidence import DIRECTIONS

if TYPE_CHECKING:
    from collections.abc import Collection

    from models.egolog.localization import Localization
    from models.research.egolog.localization.batched.seconds import RenderedSeconds, World


CONTINUUM = Placements(rooms=clip_placing.CONTINUUM.rooms)
APART = Placements(rooms=clip_placing.APART.rooms, border=0.0)
DRY = Placements(rooms={"open": 1.0}, counts=(0.0, 1.0), border=0.5, still=1.0)
ROOMS = Placements(rooms={"room": 0.6, "hall": 0.4}, counts=(0.0, 1.0), border=0.5, still=1.0)
VALIDATION: dict[str, tuple[Placements, bool]] = {
    "continuum": (CONTINUUM, True),
    "apart": (APART, True),
    "dry": (DRY, False),
    "rooms": (ROOMS, False),
}
"""Validation sets: placing, and whether the motion is shown. Those without are heard through two
microphones that are as unlike as a session's balance leaves them."""


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
        drawn = world.draw_many(placing, clips, rng)
        if not shown:
            mel = vary_microphones(drawn.maps[:, :2].float(), SETTLED, rng).half()
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
    """Return accuracies on seconds of one source, front-back error and calibration of near.

    `probability` (N, 8) is of the regions of each second of `drawn`.
    """
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
