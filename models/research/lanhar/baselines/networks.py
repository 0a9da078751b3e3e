"""DCNN and Transformer: networks on raw axes, trained on the labelled source only."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from models.lanhar.rotation_invariant import GRAVITY, SAMPLES
from models.network.attention import transformer


class Dcnn(nn.Module):
    """Convolutions over time, pooled: (B, 120, 6) -> logits (B, K)."""

    def __init__(self, classes: int, width: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(6, width, 5, padding=2),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.MaxPool1d(2),
            nn.Conv1d(width, width, 5, padding=2),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.MaxPool1d(2),
            nn.Conv1d(width, 2 * width, 5, padding=2),
            nn.BatchNorm1d(2 * width),
            nn.ReLU(),
            nn.AdaptiveAvgPool1d(4),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(8 * width, classes),
        )

    def features(self, imu: Tensor) -> Tensor:
        """(B, 120, 6) -> (B, 8 W), the inputs of the last layer."""
        out: Tensor = self.layers[:-1](normalised(imu).transpose(1, 2))
        return out

    def forward(self, imu: Tensor) -> Tensor:
        """(B, 120, 6) -> (B, K)."""
        out: Tensor = self.layers[-1](self.features(imu))
        return out


class Patches(nn.Module):
    """A transformer over patches of raw axes: (B, 120, 6) -> tokens (B, 30, W)."""

    def __init__(self, width: int = 64, patch: int = 4, layers: int = 3) -> None:
        super().__init__()
        self.patch = patch
        self.project = nn.Linear(6 * patch, width)
        self.norm = nn.LayerNorm(width)
        self.position = nn.Parameter(torch.randn(1, SAMPLES // patch, width) * 0.02)
        self.layers = transformer(width, 2, layers, 0.1)

    def cut(self, imu: Tensor) -> Tensor:
        """(B, 120, 6) -> normalised patches (B, 30, 24)."""
        return normalised(imu).reshape(len(imu), -1, 6 * self.patch)

    def forward(self, patches: Tensor) -> Tensor:
        """(B, 30, 24) -> (B, 30, W)."""
        tokens: Tensor = self.layers(self.norm(self.project(patches)) + self.position)
        return tokens


class PatchClassifier(nn.Module):
    """Labels from a transformer over patches: (B, 120, 6) -> logits (B, K)."""

    def __init__(self, patches: Patches, classes: int, width: int = 64) -> None:
        super().__init__()
        self.patches = patches
        self.hidden = nn.Linear(width, width)
        self.out = nn.Linear(width, classes)

    def features(self, imu: Tensor) -> Tensor:
        """(B, 120, 6) -> (B, W), the inputs of the last layer."""
        pooled = self.patches(self.patches.cut(imu)).mean(dim=1)
        return gelu(self.hidden(pooled))

    def forward(self, imu: Tensor) -> Tensor:
        """(B, 120, 6) -> (B, K)."""
        out: Tensor = self.out(self.features(imu))
        return out


def normalised(imu: Tensor) -> Tensor:
    """Divide acceleration by gravity, as LIMU-BERT does; rotation stays in rad/s."""
    return torch.cat([imu[..., :3] / GRAVITY, imu[..., 3:]], dim=-1)
