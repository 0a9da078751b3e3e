"""What localization learns of rendered seconds: regions and heat maps of their sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from models.egolog.movement_compensation import CANDIDATES, candidate_azimuths
from models.research.egolog.localization.batched.clip import BEFORE_S, CLIP_S, KEPT_S
from models.research.egolog.localization.placing import NEAR_BORDER_M, SOFT_BORDER_M
from models.simulation.life.motion import RATE
from schemas.evidence import REGIONS

if TYPE_CHECKING:
    from models.research.egolog.localization.batched.sources import Sources

HEAT_WIDTH = float(np.deg2rad(7))
_DIRECTION_OF_QUARTER = (0, 1, 3, 2)  # front, left, back, right


class SourceLabels(NamedTuple):
    """Of each second and slot (S, slots): whether a source is heard there, its direction, rad, and
    how near it is, softly about the border (`close`) and not (`hard`).
    """

    there: Tensor
    towards: Tensor
    close: Tensor
    hard: Tensor

    @classmethod
    def of(
        cls, sources: Sources, clips: int, relative: Tensor, real: Tensor, is_audible: Tensor
    ) -> SourceLabels:
        """Return the labels of sources in directions `relative` (N, 151), at `real` (N,) m."""
        count, device = len(sources.clip), real.device
        seconds = relative[:, BEFORE_S * RATE : CLIP_S * RATE].reshape(count, KEPT_S, RATE)
        mean = torch.atan2(seconds.sin().mean(2), seconds.cos().mean(2))  # (N, 2)
        low, high = (float(np.log(v)) for v in SOFT_BORDER_M)
        nearness = ((high - real.log()) / (high - low)).clamp(0, 1)

        def placed(values: Tensor) -> Tensor:
            each = torch.zeros(clips, KEPT_S, sources.slots, dtype=values.dtype, device=device)
            each[sources.clip, :, sources.slot] = values
            return each.flatten(0, 1)

        return cls(
            placed(is_audible),
            placed(mean),
            placed(nearness[:, None].expand(-1, KEPT_S)),
            placed((real < NEAR_BORDER_M).float()[:, None].expand(-1, KEPT_S)),
        )

    def of_first(self, values: Tensor) -> Tensor:
        """Return `values` (S, slots) of each second's first source that is heard: (S,)."""
        return values.gather(1, self.there.float().argmax(1, keepdim=True))[:, 0]


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
