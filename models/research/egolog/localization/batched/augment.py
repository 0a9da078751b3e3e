"""Augmentation of rendered batches: mirroring, mounting, and other microphones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from models.research.egolog.augment import MIRRORED_REGIONS, mirrored_maps
from models.research.egolog.localization.training import COLOUR_NATS, WITHOUT_IMU

if TYPE_CHECKING:
    from models.research.egolog.localization.batched.seconds import RenderedSeconds


@dataclass(frozen=True)
class Imbalance:
    """How unlike two microphones are: nats of power each, `wide` for a `share` of the seconds."""

    narrow: float = 0.15
    wide: float = 0.35
    share: float = 0.5
    unlike: float = 0.06
    wide_unlike: float = 0.12


SETTLED = Imbalance(narrow=0.05, wide=0.15, wide_unlike=0.06)
"""The imbalance that remains once a session's microphones are balanced
(`models.egolog.microphone_balance`)."""


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
    """Mirror half of the seconds `rows`, rotate their motion, and vary their microphones."""
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
