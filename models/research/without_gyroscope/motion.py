"""Motion as a device without a gyroscope sends it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from models.recordings.datasets.labelled_windows import LabelledWindows


def without_rotation(imu: Tensor) -> Tensor:
    """(B, N, 6) with the gyroscope's axes zero."""
    return torch.cat([imu[..., :3], torch.zeros_like(imu[..., 3:])], dim=-1)


def without_gyroscope(windows: LabelledWindows) -> LabelledWindows:
    """Return the same windows without their rotation."""
    return replace(windows, imu=without_rotation(torch.from_numpy(windows.imu)).numpy())
