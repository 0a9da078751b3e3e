"""Physical movement compensation (EgoLog §4.2.2): GCC-PHAT along directions fixed in the room.

While the head turns, the lag of a stationary source changes with its relative direction, with
opposite signs for sources ahead and behind. Sampling each frame's GCC-PHAT at the lag that a
candidate direction has after the turn so far makes the true direction a straight ridge over time
and bends its front-back mirror image, which two ears at rest cannot distinguish.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

CANDIDATES = 72
ORDERS = 3
RATE = 50


def candidate_azimuths() -> Tensor:
    """Return the candidates (72,) in rad, counter-clockwise, from 2.5° on."""
    return (torch.arange(CANDIDATES) + 0.5) * (2 * math.pi / CANDIDATES)


def head_yaw(imu: Tensor) -> Tensor:
    """Return the head's yaw (B, T) in rad about its mean, from (B, 6, T) m/s² and rad/s.

    The mean acceleration gives "up" for any mounting; the angular rate about it is integrated.
    """
    up = nn.functional.normalize(imu[:, :3].mean(dim=2, keepdim=True), dim=1)  # (B, 3, 1)
    rate = (imu[:, 3:] * up).sum(dim=1)  # (B, T)
    yaw = (torch.cumsum(rate, dim=1) - 0.5 * rate) / RATE
    return yaw - yaw.mean(dim=1, keepdim=True)


class MovementCompensation(nn.Module):
    """Samples GCC maps along candidate directions.

    Each pair's lag, in half samples, is a learnable third-order Fourier series of the azimuth;
    `aim` initialises it from a geometry. A gate weighs frames by their content.
    """

    azimuth: Tensor

    def __init__(self, pairs: int, lags: int) -> None:
        super().__init__()
        self.lags = lags
        self.register_buffer("azimuth", candidate_azimuths(), persistent=False)
        start = torch.zeros(pairs, 2 * ORDERS)
        # Woodworth's sphere of 8.75 cm, ears at its sides: first channel left.
        start[:, 0], start[:, 4] = -18.6, 1.2
        self.series = nn.Parameter(start)

    def aim(self, lag: Tensor) -> None:
        """Initialise from lags (72, pairs), in half samples, at the candidate azimuths."""
        basis = _basis(self.azimuth)
        fitted = torch.linalg.lstsq(basis, lag).solution  # (6, pairs)
        with torch.no_grad():
            self.series.copy_(fitted.T)

    def forward(self, gcc: Tensor, yaw: Tensor) -> Tensor:
        """(B, P, T, lags) and (B, T) rad -> (B, P, T, 72)."""
        towards = self.azimuth - yaw[:, :, None]  # (B, T, 72)
        # Half precision would round lags to an eighth of a sample, about one degree.
        with torch.autocast(gcc.device.type, enabled=False):
            middle = self.series.new_full((len(self.series),), self.lags // 2)
            lag = nn.functional.linear(_basis(towards), self.series, middle)  # (B, T, 72, P)
        at = lag.permute(0, 3, 1, 2).clamp(0.0, self.lags - 1.001)  # (B, P, T, 72)
        low = at.detach().floor()
        part, low = at - low, low.long()
        return gcc.gather(3, low) * (1 - part) + gcc.gather(3, low + 1) * part


def _basis(azimuth: Tensor) -> Tensor:
    """sin and cos of the first three orders, (..., 6)."""
    turns = azimuth[..., None] * torch.arange(1.0, ORDERS + 1, device=azimuth.device)  # (..., 3)
    return torch.stack([turns.sin(), turns.cos()], dim=-1).flatten(-2)
