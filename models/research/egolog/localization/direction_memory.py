"""Memory of where sources are from second to second: a Bayes filter over directions.

Localization judges each second by itself (EgoLog §4.2), but a source is heard for several, and two
ears tell ahead from behind only as the head turns. The filter keeps, for each of the network's
directions and for near and far, how likely a source is there. Between two seconds the directions
are turned by the gyroscope's yaw, and sources appear and end; what is then expected is combined
with the next second's evidence (binary Bayes filter, Thrun et al., Probabilistic Robotics, §4.2).

`python -m models.research.evaluation.localization.direction_memory` measures it. The stream has no
such memory yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy, normalize, one_hot

from models.egolog.localization import sectors
from models.egolog.movement_compensation import CANDIDATES, RATE, candidate_azimuths
from schemas.evidence import DIRECTIONS, DISTANCES

if TYPE_CHECKING:
    from collections.abc import Sequence

STEPS = 60
_LEARNING_RATE = 0.1
_CLIP = 1e-5
_FEEDBACK = 0.5
"""Share of a direction's next state that comes from the region that it lies in."""
_SPREAD = (0.25, 0.5, 0.25)
"""How a source's direction becomes uncertain in a second, over neighbouring directions."""


def turned_between(imu: Tensor) -> Tensor:
    """Return how far the head turned since the second before: (N, L, 6, T) -> (N, L) rad.

    It is the yaw between the seconds' means, counter-clockwise, and 0 in the first second.
    """
    up = normalize(imu[:, :, :3].mean(dim=3), dim=2)  # (N, L, 3)
    rate = (imu[:, :, 3:] * up[..., None]).sum(dim=2)  # (N, L, T)
    mean = ((torch.cumsum(rate, dim=2) - 0.5 * rate) / RATE).mean(dim=2)
    whole = rate.sum(dim=2) / RATE
    turn = torch.zeros_like(mean)
    turn[:, 1:] = whole[:, :-1] - mean[:, :-1] + mean[:, 1:]
    return turn


def turned(directions: Tensor, turn: Tensor) -> Tensor:
    """Return what directions (N, 2, 72) are to a head that has turned by (N,) rad."""
    steps = turn / (2 * torch.pi / CANDIDATES)
    low = steps.floor()
    part = (steps - low)[:, None, None]
    at = (torch.arange(CANDIDATES) + low.long()[:, None]) % CANDIDATES
    here = at[:, None].expand_as(directions)
    beside = (here + 1) % CANDIDATES
    return directions.gather(2, here) * (1 - part) + directions.gather(2, beside) * part


class DirectionMemory(nn.Module):
    """The filter; each parameter has a value for near and one for far."""

    quarter: Tensor

    def __init__(self) -> None:
        super().__init__()
        both = len(DISTANCES)
        # Evidence of a direction: scale and offset of its logit, and the weight of the memory.
        self.scale = nn.Parameter(torch.ones(both))
        self.offset = nn.Parameter(torch.zeros(both))
        self.weight = nn.Parameter(torch.full((both,), 0.6))
        # Logits of that a source is still there after a second, and that one appears.
        self.stays = nn.Parameter(torch.ones(both))
        self.appears = nn.Parameter(torch.full((both,), -4.0))
        # A region's logit: of the second alone, of what the memory changes, and an offset.
        self.alone = nn.Parameter(torch.full((both,), 0.8))
        self.change = nn.Parameter(torch.full((both,), 0.3))
        self.bias = nn.Parameter(torch.zeros(both))
        azimuth = torch.atan2(candidate_azimuths().sin(), candidate_azimuths().cos())
        order = ("front", "left", "back", "right")
        quarter = torch.round(azimuth / (torch.pi / 2)).long() % 4
        of_quarter = torch.tensor([DIRECTIONS.index(name) for name in order])
        self.register_buffer(
            "quarter", one_hot(of_quarter[quarter], len(DIRECTIONS)).float(), persistent=False
        )  # (72, 4)

    def forward(self, heat: Tensor, regions: Tensor, turn: Tensor) -> Tensor:
        """Return probabilities (N, L, 8) of the regions in L seconds in a row.

        Args:
            heat: (N, L, 2, 72) logits of a source in each direction, near and far.
            regions: (N, L, 8) calibrated probabilities of each second by itself.
            turn: (N, L) rad, of `turned_between`; 0 where there is no motion.
        """
        alone = torch.logit(regions.clamp(_CLIP, 1 - _CLIP))
        stays, appears = self.stays.sigmoid()[:, None], self.appears.sigmoid()[:, None]
        state: Tensor | None = None
        out = []
        for at in range(heat.shape[1]):
            evidence = heat[:, at] * self.scale[:, None] + self.offset[:, None]  # (N, 2, 72)
            if state is not None:
                before = _spread(turned(state, turn[:, at]))
                expected = before * stays + (1 - before) * appears
                expected = torch.logit(expected.clamp(_CLIP, 1 - _CLIP)) - self.appears[:, None]
                evidence = evidence + self.weight[:, None] * expected
            change = (sectors(evidence) - sectors(heat[:, at])).flatten(1)  # (N, 8)
            every = len(DIRECTIONS)
            logits = alone[:, at] * self.alone.repeat(every) + self.bias.repeat(every)
            found = torch.sigmoid(logits + change * self.change.repeat(every))
            out.append(found)
            state = (1 - _FEEDBACK) * evidence.sigmoid() + _FEEDBACK * self._within(evidence, found)
        return torch.stack(out, dim=1)

    def _within(self, evidence: Tensor, regions: Tensor) -> Tensor:
        """Spread the regions' probabilities (N, 8) over their directions: (N, 2, 72)."""
        height = torch.exp(evidence - evidence.amax(dim=2, keepdim=True))
        share = height / ((height @ self.quarter + _CLIP) @ self.quarter.T)
        by_distance = regions.reshape(len(regions), len(DIRECTIONS), -1).transpose(1, 2)
        return share * (by_distance @ self.quarter.T)


def fit_memory(
    seconds: Sequence[tuple[Tensor, Tensor, Tensor]], truth: Sequence[Tensor], steps: int = STEPS
) -> DirectionMemory:
    """Return a filter fitted to `forward`'s inputs of days, and their true regions (N, L, 8)."""
    memory = DirectionMemory()
    optimiser = torch.optim.Adam(memory.parameters(), lr=_LEARNING_RATE)
    for _ in range(steps):
        losses = [
            binary_cross_entropy(memory(*given).clamp(_CLIP, 1 - _CLIP), regions)
            for given, regions in zip(seconds, truth, strict=True)
        ]
        optimiser.zero_grad()
        torch.stack(losses).mean().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return memory.eval().requires_grad_(False)


def _spread(directions: Tensor) -> Tensor:
    side, middle, _ = _SPREAD
    return middle * directions + side * (directions.roll(1, 2) + directions.roll(-1, 2))
