"""Calibration of localization's near and far for the class balance of everyday life (Platt).

Localization learns from seconds whose sources are as often near as far, and anywhere about the
border between them. In life most sources are far, and few are close to the border. Scale and offset
of near and far are therefore fitted half to composed validation days as they are, and half to drawn
validation seconds, which have heads of any shape and the anechoic places that composed days lack.
Of the latter only sources that are clearly near or far count, and near ones are weighted to their
share in life.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from models.egolog.microphone_balance import balanced_in_turn
from models.research.egolog.localization.batched.seconds import RenderedSeconds
from models.research.egolog.localization.batched.validation import (
    VALIDATION,
    logits_of,
    share_of_near,
)
from models.research.lib.metrics import calibration_error
from schemas.evidence import DIRECTIONS, DISTANCES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.egolog.localization import Localization
    from models.research.egolog.days.placed import PlacedDays

_NEAR = DISTANCES.index("near")
_AT_ONCE = 256
_CLIP = 1e-5


class RegionLogits(NamedTuple):
    """Logits (N, 8), not calibrated, and the regions (N, 8) of 0 and 1 that are true.

    Seconds with a near region weigh `near` times, those with a far one `far` times.
    """

    logits: Tensor
    regions: Tensor
    near: float = 1.0
    far: float = 1.0

    @property
    def alone(self) -> Tensor:
        """Which seconds (N,) have one source."""
        return self.regions.sum(1) == 1

    @property
    def nearness(self) -> Tensor:
        """Whether the source of each second that has one (M,) is near: 1 or 0."""
        by_distance = self.regions[self.alone].reshape(-1, len(DIRECTIONS), len(DISTANCES)).sum(1)
        return by_distance[:, _NEAR]


def near_share(days: PlacedDays) -> float:
    """Return which share of the regions with a source in a second are near.

    Localization scores each region by itself, so all count, whatever else sounds in their second.
    """
    regions = days.sounds.any(axis=2)  # (N, L, 8)
    by_distance = regions.reshape(-1, len(DISTANCES)).sum(axis=0)
    return float(by_distance[_NEAR] / by_distance.sum())


def clear(drawn: RenderedSeconds) -> RenderedSeconds:
    """Return drawn seconds without those that have a source close to the border."""
    rows = ((drawn.regions == 0) | (drawn.regions == 1)).all(dim=1)
    return RenderedSeconds(*(column[rows] for column in drawn))


def drawn_logits(
    network: Localization, name: str, drawn: RenderedSeconds, share: float
) -> RegionLogits:
    """Return the logits on the validation set `name`, with near weighted to `share`."""
    by_distance = drawn.hard.reshape(-1, len(DISTANCES)).sum(0)
    near = float(by_distance[_NEAR] / by_distance.sum())
    logits = logits_of(network, drawn, VALIDATION[name][1])
    return RegionLogits(logits, drawn.hard, share / near, (1 - share) / (1 - near))


@torch.no_grad()
def day_logits(network: Localization, days: PlacedDays) -> RegionLogits:
    """Return the logits on days; each stretch is a session that balances its microphones."""
    logits = []
    for maps, imu in zip(days.maps, days.imu, strict=True):
        maps_in_turn = torch.from_numpy(balanced_in_turn(maps).astype(np.float32))
        motion = torch.from_numpy(imu.reshape(len(maps), -1, 6)).transpose(1, 2)
        logits += [
            network(maps_in_turn[rows], motion[rows]).regions
            for rows in torch.split(torch.arange(len(maps_in_turn)), _AT_ONCE)
        ]
    regions = days.sounds.any(axis=2).reshape(-1, len(DIRECTIONS) * len(DISTANCES))
    return RegionLogits(torch.cat(logits), torch.from_numpy(regions).float())


def calibrate(network: Localization, *parts: Sequence[RegionLogits]) -> None:
    """Fit scale and offset of near and far logits; each of `parts` has the same weight.

    The loss is the regions' cross entropy plus that of near for single sources.
    """
    scale, offset = (torch.full((2,), value, requires_grad=True) for value in (1.0, 0.0))
    optimiser = torch.optim.LBFGS([scale, offset], max_iter=60, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = torch.stack([_loss(part, scale, offset) for part in parts]).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    network.temper.copy_(scale.detach())
    network.offset.copy_(offset.detach())


def near_scores(network: Localization, outputs: RegionLogits) -> dict[str, float]:
    """Return the `log_loss` and calibration error `ece` of near for single sources."""
    near = _near_probability(outputs, network.temper, network.offset)
    truth = outputs.nearness
    weight = _weights(outputs)
    losses = _near_losses(outputs, network.temper, network.offset)
    return {
        "log_loss": float(losses.sum() / weight.sum()),
        "ece": calibration_error(near.numpy(), truth.numpy(), weight.numpy()),
    }


def _loss(part: Sequence[RegionLogits], scale: Tensor, offset: Tensor) -> Tensor:
    regions = torch.cat([_regions_losses(each, scale, offset) for each in part])
    return regions.mean() + torch.cat([_near_losses(each, scale, offset) for each in part]).mean()


def _calibrate(outputs: RegionLogits, scale: Tensor, offset: Tensor) -> Tensor:
    each = outputs.logits.reshape(-1, len(DIRECTIONS), len(DISTANCES))
    return (each * scale + offset).flatten(1)


def _regions_losses(outputs: RegionLogits, scale: Tensor, offset: Tensor) -> Tensor:
    present = torch.tensor([outputs.near, outputs.far]).repeat(len(DIRECTIONS))
    weight = torch.where(outputs.regions > 0, present, 1.0)
    return nn.functional.binary_cross_entropy_with_logits(
        _calibrate(outputs, scale, offset), outputs.regions, weight, reduction="none"
    ).mean(1)


def _near_losses(outputs: RegionLogits, scale: Tensor, offset: Tensor) -> Tensor:
    near = _near_probability(outputs, scale, offset).clamp(_CLIP, 1 - _CLIP)
    return nn.functional.binary_cross_entropy(
        near, outputs.nearness, _weights(outputs), reduction="none"
    )


def _near_probability(outputs: RegionLogits, scale: Tensor, offset: Tensor) -> Tensor:
    return share_of_near(torch.sigmoid(_calibrate(outputs, scale, offset)[outputs.alone]))


def _weights(outputs: RegionLogits) -> Tensor:
    near = torch.tensor([outputs.near, outputs.far])
    return torch.where(outputs.nearness > 0, near[0], near[1])
