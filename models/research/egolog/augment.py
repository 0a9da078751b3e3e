"""Augmentations that keep a batch's labels, or swap left and right: level, timbre, mounting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from schemas.evidence import DIRECTIONS, DISTANCES, REGIONS

if TYPE_CHECKING:
    from numpy.random import Generator

GAIN_NATS = 1.5
TIMBRE_NATS = 0.8
_MIRROR = {"left": "right", "right": "left"}
MIRRORED_REGIONS: list[int] = [
    REGIONS.index(f"{_MIRROR.get(direction, direction)}-{distance}")
    for direction in DIRECTIONS
    for distance in DISTANCES
]


def vary_microphone(mel: Tensor, rng: Generator) -> Tensor:
    """Vary level and microphone: (B, T, 64) log-mel, shifted and tilted per item."""
    batch, _, bins = mel.shape
    gain = rng.normal(0, GAIN_NATS, (batch, 1, 1))
    octave = np.linspace(0, np.pi, bins)
    shapes = np.stack([np.cos(k * octave) for k in range(1, 5)])  # (4, 64)
    timbre = (rng.normal(0, TIMBRE_NATS / 2, (batch, 4)) @ shapes)[:, None]  # (B, 1, 64)
    change = torch.from_numpy((gain + timbre).astype(np.float32))
    # Silence stays silence: a hole has no level to change.
    return torch.where(mel > 0, (mel + change).clamp(min=0.0), mel)


def remount(imu: Tensor, rng: Generator) -> Tensor:
    """Rotate motion into another sensor frame: (B, N, 6), a random rotation per item."""
    turns = Rotation.random(len(imu), rng=rng).as_matrix().astype(np.float32)  # (B, 3, 3)
    return rotate(imu, torch.from_numpy(turns).to(imu.device))


def rotate(imu: Tensor, turns: Tensor) -> Tensor:
    """Apply (B, 3, 3) orthogonal matrices; a reflection flips the sense of rotation too."""
    acc = imu[..., :3] @ turns.transpose(1, 2)
    sense = torch.linalg.det(turns).sign()[:, None, None]
    gyro = imu[..., 3:] @ turns.transpose(1, 2) * sense
    return torch.cat([acc, gyro], dim=-1)


def mirrored_maps(maps: Tensor) -> Tensor:
    """Swap left and right in maps (B, 1, 3 or 10, T, 64)."""
    planes = [_MIRRORED_PLANES[maps.shape[1]][i] for i in range(maps.shape[1])]
    out = maps[:, [plane for plane, _ in planes]]
    turned_over = [i for i, (_, over) in enumerate(planes) if over]
    if turned_over:
        # Column j becomes 64 - j; column 0 would need lag +16, which the map does not hold.
        out[:, turned_over] = out[:, turned_over].flip(-1).roll(1, -1)
    return out


# Which plane each comes from, and whether its pair's order is reversed by that.
_MIRRORED_PLANES: dict[int, list[tuple[int, bool]]] = {
    1: [(0, False)],
    3: [(1, False), (0, False), (2, True)],
    # Microphones 0, 1, 2, 3 become 1, 0, 3, 2; pairs are (0,1), (0,2), (0,3), (1,2), (1,3), (2,3).
    10: [
        (1, False),
        (0, False),
        (3, False),
        (2, False),
        (4, True),
        (8, False),
        (7, False),
        (6, False),
        (5, False),
        (9, True),
    ],
}
