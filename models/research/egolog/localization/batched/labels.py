"""What localization learns of rendered seconds: regions and heat maps of their sources."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from models.egolog.movement_compensation import CANDIDATES, candidate_azimuths
from schemas.evidence import REGIONS

HEAT_WIDTH = float(np.deg2rad(7))
_DIRECTION_OF_QUARTER = (0, 1, 3, 2)  # front, left, back, right


def regions_of(there: Tensor, azimuth: Tensor, nearness: Tensor) -> Tensor:
    """Return the eight regions (N, 8) of sources (N, S): the share of near and far in each."""
    order = torch.tensor(_DIRECTION_OF_QUARTER, device=azimuth.device)
    quarter = (azimuth / (torch.pi / 2)).round().long() % 4
    direction = order[quarter]
    out = torch.zeros(len(there), len(REGIONS), device=azimuth.device)
    for source in range(there.shape[1]):
        for distance, share in ((0, nearness[:, source]), (1, 1 - nearness[:, source])):
            value = torch.where(there[:, source], share, 0.0)
            at = (direction[:, source] * 2 + distance)[:, None]
            out.scatter_reduce_(1, at, value[:, None], "amax")
    return out


def heat_of(there: Tensor, azimuth: Tensor, nearness: Tensor) -> Tensor:
    """Return how close each direction is to a near and a far source: (N, 2, 72)."""
    apart = azimuth[..., None] - candidate_azimuths().to(azimuth.device)
    apart = torch.atan2(apart.sin(), apart.cos())
    height = torch.exp(-0.5 * (apart / HEAT_WIDTH) ** 2) * there[..., None]
    planes = [(height * share[..., None]).amax(1) for share in (nearness, 1 - nearness)]
    return torch.stack(planes, dim=1).reshape(len(there), 2, CANDIDATES)
