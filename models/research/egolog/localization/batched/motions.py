"""The motion of rendered clips: stretches of recorded heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from models.research.egolog.localization.batched.clip import CLIP_S
from models.simulation.life.motion import RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


MOVING_SHARE = 0.7


@dataclass(frozen=True)
class Motions:
    """Recordings in a row: `imu` (T, 6), `head` and `body` (T,) yaw in rad; starts of stretches."""

    imu: Tensor
    head: Tensor
    body: Tensor
    moving: Tensor
    still: Tensor

    @classmethod
    def of(cls, recordings: Sequence[tuple[NDArray[np.float32], bool]], device: str) -> Motions:
        """Return motion of recordings (n, 6) at 50 Hz, each with whether its wearer moved."""
        from scipy import ndimage

        from models.simulation.life.heading import yaw_rate

        imu, head, body = [], [], []
        starts: tuple[list[int], list[int]] = ([], [])
        first = 0
        for values, is_moving in recordings:
            yaw = np.cumsum(yaw_rate(values)) / RATE
            imu.append(values)
            head.append(yaw)
            body.append(ndimage.gaussian_filter1d(yaw, 4.0 * RATE, mode="nearest"))
            last = len(values) - (CLIP_S * RATE + 1)
            starts[not is_moving].extend(range(first, first + last, 5))
            first += len(values)

        def joined(parts: list[NDArray[Any]]) -> Tensor:
            return torch.from_numpy(np.concatenate(parts).astype(np.float32)).to(device)

        return cls(
            joined(imu),
            joined(head),
            joined(body),
            torch.tensor(starts[0], device=device),
            torch.tensor(starts[1] or starts[0], device=device),
        )

    def draw(self, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Return `imu` (B, 151, 6) and the yaw (B, 151) of head and body."""
        device = self.imu.device
        move = torch.rand(count, generator=rng, device=device) < MOVING_SHARE
        a = self.moving[torch.randint(len(self.moving), (count,), generator=rng, device=device)]
        b = self.still[torch.randint(len(self.still), (count,), generator=rng, device=device)]
        start = torch.where(move, a, b)
        rows = start[:, None] + torch.arange(CLIP_S * RATE + 1, device=device)
        turn = 2 * torch.pi * torch.rand((count, 1), generator=rng, device=device)
        origin = self.head[start][:, None] - turn
        return self.imu[rows], self.head[rows] - origin, self.body[rows] - origin
