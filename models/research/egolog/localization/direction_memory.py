"""Fitting the memory of directions, `models.egolog.direction_memory`, to days whose truth is known.

The filter is the same as in the stream, for many sessions at once and with gradients.
`python -m models.research.evaluation.localization.direction_memory --fit` prints what it finds.
"""

from __future__ import annotations

import math
from dataclasses import fields
from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy, softplus

from models.egolog.direction_memory import (
    CANDIDATES,
    CERTAIN,
    QUARTERS,
    SPREAD,
    DirectionFilter,
    Pair,
)
from schemas.evidence import DISTANCES

if TYPE_CHECKING:
    from collections.abc import Sequence

STEPS = 60
_LEARNING_RATE = 0.1
_CLIP = 1e-5
_DECIMALS = 3
_BINS = (len(DISTANCES), len(QUARTERS), CANDIDATES // len(QUARTERS))
_PROBABILITIES = ("stays", "appears")
# Parameters before fitting, those of `_PROBABILITIES` as logits.
_START = {
    "scale": 1.0,
    "offset": 0.0,
    "weight": 0.6,
    "stays": 1.0,
    "appears": -4.0,
    "alone": 0.8,
    "change": 0.3,
    "other": 0.1,
    "bias": 0.0,
}


class SecondsInOrder(NamedTuple):
    """N sessions of L seconds in a row.

    `heat` (N, L, 2, 72) are logits of a near and a far source per direction, from the quarter ahead
    on, `alone` (N, L, 2, 4) probabilities of near and far in `QUARTERS` by each second itself,
    `turn` (N, L) the head's yaw since the second before, rad, and `truth` (N, L, 2, 4) what sounds.
    """

    heat: Tensor
    alone: Tensor
    turn: Tensor
    truth: Tensor


class TrainableFilter(nn.Module):
    """`DirectionFilter` with trainable parameters, (2, 1) each."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ParameterDict(
            {name: torch.full((len(DISTANCES), 1), value) for name, value in _START.items()}
        )

    def forward(self, seconds: SecondsInOrder) -> Tensor:
        """Return probabilities (N, L, 2, 4) with the memory of the seconds before each."""
        scale, offset, weight, stays, appears, *_ = self._values()
        state, out = None, []
        plain = _sectors(seconds.heat)
        for at in range(seconds.heat.shape[1]):
            evidence = seconds.heat[:, at] * scale + offset  # (N, 2, 72)
            found = seconds.alone[:, at]
            if state is not None:
                before = _turn(state, seconds.turn[:, at])
                there = (appears + (stays - appears) * before).clamp(_CLIP, 1 - _CLIP)
                evidence = evidence + weight * (torch.logit(there) - torch.logit(appears))
                found = self._regions(found, _sectors(evidence) - plain[:, at])
            out.append(found)
            state = evidence.sigmoid()
        return torch.stack(out, dim=1)

    def to_filter(self) -> DirectionFilter:
        """Return the parameters, rounded, for the stream."""
        names = [field.name for field in fields(DirectionFilter)]
        pairs = [
            cast("Pair", tuple(round(each, _DECIMALS) for each in value.flatten().tolist()))
            for value in self._values()
        ]
        return DirectionFilter(**dict(zip(names, pairs, strict=True)))

    def _values(self) -> list[Tensor]:
        """Return the parameters in the order of `DirectionFilter`'s fields."""
        return [
            self.parts[field.name].sigmoid()
            if field.name in _PROBABILITIES
            else self.parts[field.name]
            for field in fields(DirectionFilter)
        ]

    def _regions(self, alone: Tensor, change: Tensor) -> Tensor:
        """Return `DirectionFilter.regions` of (N, 2, 4)."""
        *_, scale, own, other, bias = self._values()
        clipped = alone.clamp(CERTAIN, 1 - CERTAIN)
        logits = torch.logit(clipped) * scale + bias + change * own + change.flip(1) * other
        shares = softplus(logits)
        none = torch.log1p(-clipped).sum(dim=2, keepdim=True)
        return -torch.expm1(none * shares / shares.sum(dim=2, keepdim=True))


def fit_filter(days: Sequence[SecondsInOrder], steps: int = STEPS) -> DirectionFilter:
    """Return the filter with the least cross-entropy on days of known truth."""
    network = TrainableFilter()
    optimiser = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
    for _ in range(steps):
        losses = [
            binary_cross_entropy(network(day).clamp(_CLIP, 1 - _CLIP), day.truth) for day in days
        ]
        optimiser.zero_grad()
        torch.stack(losses).mean().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return network.requires_grad_(False).to_filter()


def _sectors(logits: Tensor) -> Tensor:
    """Return the soft maximum of (..., 2, 72) over each quarter: (..., 2, 4)."""
    return logits.reshape(*logits.shape[:-2], *_BINS).logsumexp(dim=-1)


def _turn(directions: Tensor, turn: Tensor) -> Tensor:
    """Return `models.egolog.direction_memory.turn_directions` of (N, 2, 72) and (N,) rad."""
    steps = turn / (2 * math.pi / CANDIDATES)
    low = steps.floor()
    part = (steps - low)[:, None, None]
    at = (torch.arange(CANDIDATES) + low.long()[:, None]) % CANDIDATES
    here = at[:, None].expand_as(directions)
    between = directions.gather(2, here) * (1 - part)
    between = between + directions.gather(2, (here + 1) % CANDIDATES) * part
    side, middle, _ = SPREAD
    return middle * between + side * (between.roll(1, 2) + between.roll(-1, 2))
