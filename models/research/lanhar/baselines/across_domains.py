"""Domain generalisation and adaptation in SDMix and UDAHAR (LanHAR §4.1.3, ii)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.distributions import Beta
from torch.nn.functional import one_hot, relu

_MIXING = 0.2
_MARGIN = 1.0


def semantic_ranges(features: Tensor, label: Tensor, classes: int) -> Tensor:
    """Return the mean distance of each class's windows from their centroid, (K,).

    `features` (N, F), `label` (N,); a class without windows has the mean of the others.
    """
    ranges = torch.full((classes,), torch.nan)
    for number in torch.unique(label).tolist():
        members = features[label == number]
        ranges[number] = (members - members.mean(dim=0)).norm(dim=1).mean()
    return torch.where(ranges.isnan(), ranges.nanmean(), ranges).clamp_min(1e-6)


def mixed(imu: Tensor, label: Tensor, ranges: Tensor, rng: Generator) -> tuple[Tensor, Tensor]:
    """Return windows (B, T, 6) mixed in pairs, and the shares (B, K) of their classes.

    The same share of another activity changes a widely spread class less than a compact one, so
    shares are weighted by the range of their class (SDMix, Lu et al. 2022). The mixing ratio is
    drawn from torch's global generator, since `torch.distributions` accepts no other.
    """
    other = torch.randperm(len(imu), generator=rng)
    share = Beta(_MIXING, _MIXING).sample((len(imu),))
    first, second = ranges[label] * share, ranges[label[other]] * (1 - share)
    weight = (first / (first + second))[:, None]
    kinds = one_hot(label, len(ranges)).float()
    part = share[:, None, None]
    return part * imu + (1 - part) * imu[other], weight * kinds + (1 - weight) * kinds[other]


def margin_loss(logits: Tensor, shares: Tensor) -> Tensor:
    """Return the mean hinge loss of the correct class's logit against the best other one.

    `logits` (B, K), `shares` (B, K): the correct class is the one with the largest share.
    """
    right = shares.argmax(dim=1, keepdim=True)
    others = logits.scatter(1, right, -torch.inf).amax(dim=1)
    return relu(_MARGIN - logits.gather(1, right)[:, 0] + others).mean()


class DomainJudge(nn.Module):
    """Classifies features as of the source or the target, with a gradient reversal layer.

    The features below thus learn to confuse it (UDAHAR's confusion, Chang et al. 2020, after Ganin
    and Lempitsky 2015).
    """

    def __init__(self, features: int, hidden: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, features: Tensor, strength: float) -> Tensor:
        """(B, F) -> logits (B,) of being the target; `strength` scales the reversed gradient."""
        logits: Tensor = self.layers(_Reversed.apply(features, strength))[:, 0]  # type: ignore[no-untyped-call]
        return logits


class _Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return features.view_as(features)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * gradient, None
