"""What every motion network sees: the six raw axes, and four channels that ignore mounting."""

from __future__ import annotations

import torch
from torch import Tensor

GRAVITY = 9.81
MOTION_CHANNELS = 10


def motion_channels(imu: Tensor) -> Tensor:
    """Add gravity-aligned channels: (B, N, 6) m/s² and rad/s -> (B, N, 10), all about unit size.

    The slice's mean acceleration stands for "up", which needs no knowledge of how the device
    sits on the head: vertical acceleration, horizontal acceleration, the turn about the
    vertical (yaw rate) and the turn about any other axis (nods) follow from it.
    """
    acc, gyro = imu[..., :3] / GRAVITY, imu[..., 3:]  # (B, N, 3) each
    up = torch.nn.functional.normalize(acc.mean(dim=1, keepdim=True), dim=-1)  # (B, 1, 3)
    vertical = (acc * up).sum(-1, keepdim=True)  # (B, N, 1)
    horizontal = (acc - vertical * up).norm(dim=-1, keepdim=True)  # (B, N, 1)
    yaw = (gyro * up).sum(-1, keepdim=True)  # (B, N, 1)
    nod = (gyro - yaw * up).norm(dim=-1, keepdim=True)  # (B, N, 1)
    return torch.cat([acc, gyro, 4.0 * (vertical - 1.0), 4.0 * horizontal, yaw, nod], dim=-1)
