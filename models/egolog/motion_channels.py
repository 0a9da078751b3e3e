"""The input of all motion networks: six raw axes and four channels independent of mounting."""

from __future__ import annotations

import torch
from torch import Tensor

GRAVITY = 9.81
MOTION_CHANNELS = 10


def motion_channels(imu: Tensor) -> Tensor:
    """Add gravity-aligned channels: (B, N, 6) m/s² and rad/s -> (B, N, 10), all about unit size.

    The slice's mean acceleration is taken as "up", independent of how the device is mounted. From
    it follow vertical and horizontal acceleration, the rate about the vertical (yaw) and the rate
    about other axes (nods).
    """
    acc, gyro = imu[..., :3] / GRAVITY, imu[..., 3:]  # (B, N, 3) each
    up = torch.nn.functional.normalize(acc.mean(dim=1, keepdim=True), dim=-1)  # (B, 1, 3)
    vertical = (acc * up).sum(-1, keepdim=True)  # (B, N, 1)
    horizontal = (acc - vertical * up).norm(dim=-1, keepdim=True)  # (B, N, 1)
    yaw = (gyro * up).sum(-1, keepdim=True)  # (B, N, 1)
    nod = (gyro - yaw * up).norm(dim=-1, keepdim=True)  # (B, N, 1)
    return torch.cat([acc, gyro, 4.0 * (vertical - 1.0), 4.0 * horizontal, yaw, nod], dim=-1)
