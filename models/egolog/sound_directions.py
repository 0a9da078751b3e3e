"""The directions of a second's sources, near and far, along the circle around the head (§4.2).

GCC-PHAT is steered along directions that stand still while the head turns
(`models.egolog.movement_compensation`), beside their mirror images and the same without the turn.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.egolog.movement_compensation import CANDIDATES, MovementCompensation
from schemas.evidence import DIRECTIONS, DISTANCES

HEAT_BIAS = -3.0


class Directions(nn.Module):
    """Steered GCC maps and spectral features to a near and a far logit per direction."""

    mirror: Tensor
    circle: Tensor

    def __init__(
        self, pairs: int, lags: int, stride: int, channels: tuple[int, int], second: int
    ) -> None:
        """Build the network.

        Args:
            pairs: pairs of microphones.
            lags: lags of a GCC map.
            stride: frames that are averaged into one.
            channels: of the two convolutions.
            second: features of the whole second, as `source_heat` takes them.
        """
        super().__init__()
        self.stride = stride
        self.steering = MovementCompensation(pairs, lags)
        self.gate = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
        azimuth = self.steering.azimuth
        # Two ears at rest cannot distinguish a direction from its front-back mirror image.
        place = torch.arange(CANDIDATES)
        self.register_buffer("mirror", (CANDIDATES // 2 - 1 - place) % CANDIDATES, persistent=False)
        circle = [torch.ones(CANDIDATES)]
        circle += [f(k * azimuth) for k in (1, 2) for f in (torch.sin, torch.cos)]
        self.register_buffer("circle", torch.stack(circle), persistent=False)  # (5, 72)
        inner, outer = channels
        planes = 3 * pairs + 5 + 1
        self.scale = nn.BatchNorm2d(3 * pairs)
        self.convs = nn.Sequential(
            # Wrapped once for both: the first also convolves the margin that the second needs.
            *_round_block(planes, inner, (3, 5), (1, 1), wrapped=4),
            *_round_block(inner, outer, (3, 5), (2, 1), wrapped=0),
        )
        width = 2 * outer
        # A skip connection of the whole second's evidence.
        self.plain = nn.Conv1d(4 * pairs, width, 1)
        self.say = nn.Linear(second, width * 5)
        self.heat = nn.Sequential(
            nn.ReLU(),
            nn.Conv1d(width, width, 5, padding=2, padding_mode="circular"),
            nn.ReLU(),
            nn.Conv1d(width, len(DISTANCES), 5, padding=2, padding_mode="circular"),
        )
        self.features = width

    def forward(self, maps: Tensor, yaw: Tensor, has_motion: Tensor) -> Tensor:
        """Return (B, W, 72).

        Args:
            maps: (B, M + P, T, 64) log-mels and GCC-PHAT.
            yaw: (B, T) rad.
            has_motion: (B,) 1 where the yaw is known, else 0.
        """
        pairs = self.steering.series.shape[0]
        mel, gcc = maps[:, :-pairs], maps[:, -pairs:]
        gcc = gcc * torch.sigmoid(self.gate(_frame_cues(mel, gcc)))[:, None]  # (B, P, T, 64)
        steered = self._pool(self.steering(gcc, yaw))  # (B, P, T/5, 72)
        still = self._pool(self.steering(gcc, torch.zeros_like(yaw)))
        mirrored = steered[..., self.mirror]
        seen = self.scale(torch.cat([steered, mirrored, still], dim=1))
        batch, _, frames, _ = seen.shape
        circle = self.circle[None, :, None].expand(batch, -1, frames, -1)
        flag = has_motion[:, None, None, None].expand(batch, 1, frames, CANDIDATES)
        x = self.convs(torch.cat([seen, circle, flag], dim=1))  # (B, 32, T/10, 72)
        pooled = torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1)
        ridge, over = steered.mean(dim=2), (steered - mirrored).mean(dim=2)  # (B, P, 72)
        size = ridge.abs().amax(dim=(1, 2), keepdim=True) + 1e-3
        spread = over.abs().amax(dim=(1, 2), keepdim=True) + 1e-3
        plain = torch.cat([10 * ridge, ridge / size, 30 * over, over / spread], dim=1)
        out: Tensor = pooled + self.plain(plain)
        return out

    def source_heat(self, x: Tensor, second: Tensor) -> Tensor:
        """Return heat (B, 2, 72) of `forward`'s features and the second's (B, H)."""
        directions = self.say(second).reshape(len(x), -1, 5) @ self.circle  # (B, W, 72)
        heat: Tensor = self.heat(x + directions)
        return heat + HEAT_BIAS

    def _pool(self, steered: Tensor) -> Tensor:
        batch, pairs, frames, along = steered.shape
        steps = steered.reshape(batch, pairs, frames // self.stride, self.stride, along)
        return steps.mean(dim=3)


def sectors(heat: Tensor) -> Tensor:
    """Return the soft maximum over each quarter of directions: (B, 2, 72) -> (B, 4, 2)."""
    quarter = CANDIDATES // 4
    # Rolled so that the first quarter is the one ahead; counter-clockwise from there.
    rolled = heat.roll(quarter // 2, dims=2)
    quarters = rolled.reshape(len(heat), len(DISTANCES), 4, quarter).logsumexp(dim=3)
    order = [("front", "left", "back", "right").index(name) for name in DIRECTIONS]
    sectors: Tensor = quarters[..., order].transpose(1, 2)
    return sectors


def _frame_cues(mel: Tensor, gcc: Tensor) -> Tensor:
    """Return relative level, its rise, the microphones' coherence, and level: (B, T, 4)."""
    level = mel.mean(dim=(1, 3))  # (B, T)
    rise = torch.diff(level, dim=1, prepend=level[:, :1])
    peak = gcc.amax(dim=3).mean(dim=1)
    return torch.stack([level - level.amax(dim=1, keepdim=True), rise, 4 * peak, level / 10], dim=2)


class _Round(nn.Module):
    """Pads time with zeros, and directions circularly by `wrapped` on either side."""

    def __init__(self, kernel: tuple[int, int], wrapped: int) -> None:
        super().__init__()
        self.time, self.circle = kernel[0] // 2, wrapped

    def forward(self, x: Tensor) -> Tensor:
        if self.circle:
            x = nn.functional.pad(x, (self.circle, self.circle, 0, 0), mode="circular")
        return nn.functional.pad(x, (0, 0, self.time, self.time))


def _round_block(
    into: int, out: int, kernel: tuple[int, int], stride: tuple[int, int], wrapped: int
) -> list[nn.Module]:
    return [
        _Round(kernel, wrapped),
        nn.Conv2d(into, out, kernel, stride=stride, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
    ]
