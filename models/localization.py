"""Sound localization with movement compensation (EgoLog §4.2): eight regions, multi-label."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.motion_channels import MOTION_CHANNELS, motion_channels
from schemas.evidence import REGIONS


@dataclass(frozen=True)
class LocalizationConfig:
    """Sizes of the network; `maps` is 1, 3 or 10 for one, two or four microphones."""

    maps: int = 3
    bins: int = 64
    frames: int = 50
    stride: int = 5
    channels: tuple[int, int, int] = (24, 48, 128)
    hidden: int = 128
    heads: int = 4
    # The paper's IMU branch hands out 384 features; its layers here are narrower, because width
    # 384 throughout would cost six times the whole audio branch.
    imu_width: int = 64
    imu_features: int = 384
    dropout: float = 0.1
    regions: int = len(REGIONS)


class MotionCompensation(nn.Module):
    """IMU branch of §4.2.2: two transformer layers over the motion of the same second."""

    def __init__(self, config: LocalizationConfig) -> None:
        super().__init__()
        self.stride = config.stride
        self.lift = nn.Linear(MOTION_CHANNELS, config.imu_width)
        self.position = nn.Parameter(torch.randn(1, config.frames, config.imu_width) * 0.02)
        layer = nn.TransformerEncoderLayer(
            config.imu_width,
            config.heads,
            dim_feedforward=2 * config.imu_width,
            dropout=config.dropout,
            batch_first=True,
            norm_first=True,
        )
        self.layers = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
        self.widen = nn.Linear(config.imu_width, config.imu_features)
        self.out = nn.Linear(config.imu_features, config.regions)

    def forward(self, imu: Tensor) -> Tensor:
        """(B, 6, T) m/s² and rad/s -> (B, T/5, C)."""
        x = self.lift(motion_channels(imu.transpose(1, 2)))  # (B, T, W)
        x = self.layers(x + self.position[:, : x.shape[1]])  # (B, T, W)
        x = torch.relu(self.widen(x)).transpose(1, 2)  # (B, 384, T)
        x = nn.functional.avg_pool1d(x, self.stride)  # (B, 384, T/5)
        regions: Tensor = self.out(x.transpose(1, 2))  # (B, T/5, C)
        return regions


class Localization(nn.Module):
    """Log-mel and GCC maps, and the motion if there is any, to the eight regions."""

    lag: Tensor

    def __init__(self, config: LocalizationConfig = LocalizationConfig()) -> None:
        super().__init__()
        self.config = config
        first, second, third = config.channels
        self.scale = nn.BatchNorm2d(config.maps)
        # A convolution does not know which lag it looks at; these two planes tell it.
        planes = torch.linspace(-1.0, 1.0, config.bins)
        self.register_buffer("lag", torch.stack([planes, planes.abs()])[None, :, None])
        self.convs = nn.Sequential(
            *_block(config.maps + 2, first, (config.stride, 2)),
            *_block(first, second, (1, 2)),
            *_block(second, third, (1, 2)),
        )
        self.narrow = nn.Linear(third * (config.bins // 8), config.hidden)
        self.gru = nn.GRU(config.hidden, config.hidden // 2, batch_first=True, bidirectional=True)
        self.attention = nn.MultiheadAttention(config.hidden, config.heads, batch_first=True)
        self.norm = nn.LayerNorm(config.hidden)
        self.drop = nn.Dropout(config.dropout)
        self.motion = MotionCompensation(config)
        self.absent = nn.Parameter(torch.zeros(config.regions))
        self.out = nn.Linear(config.hidden + config.regions, config.regions)

    def forward(self, maps: Tensor, imu: Tensor | None, has_imu: Tensor | None = None) -> Tensor:
        """Return logits (B, T/5, C).

        Args:
            maps: (B, M, T, 64) log-mel spectrograms and GCC-PHAT.
            imu: (B, 6, T) m/s² and rad/s, or None where there is no motion at all.
            has_imu: (B,) bool, for a batch in which some items lack motion.
        """
        batch, _, frames, bins = maps.shape
        planes = self.lag.expand(batch, 2, frames, bins)  # (B, 2, T, 64)
        x = torch.cat([self.scale(maps), planes], dim=1)  # (B, M + 2, T, 64)
        x = self.convs(x)  # (B, 128, T/5, 8)
        x = torch.relu(self.narrow(x.transpose(1, 2).flatten(2)))  # (B, T/5, H)
        x, _ = self.gru(self.drop(x))  # (B, T/5, H)
        attended, _ = self.attention(x, x, x, need_weights=False)  # (B, T/5, H)
        x = self.norm(x + attended)
        absent = self.absent.expand(batch, x.shape[1], -1)  # (B, T/5, C)
        if imu is None:
            turned = absent
        elif has_imu is None:
            turned = self.motion(imu)  # (B, T/5, C)
        else:
            turned = torch.where(has_imu[:, None, None], self.motion(imu), absent)
        logits: Tensor = self.out(torch.cat([self.drop(x), turned], dim=-1))  # (B, T/5, C)
        return logits

    def regions(self, maps: Tensor, imu: Tensor | None) -> Tensor:
        """Return the second's probabilities (B, C): the mean over its T/5 frames."""
        return torch.sigmoid(self.forward(maps, imu)).mean(dim=1)


def _block(inputs: int, outputs: int, pool: tuple[int, int]) -> list[nn.Module]:
    """(B, inputs, T, F) -> (B, outputs, T / pool[0], F / pool[1])."""
    return [
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(pool),
    ]
