"""IMU encoder in the manner of LIMU-BERT (EgoLog §4.1.2): a small transformer over motion."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.audio_encoder import Encoded
from models.labels import MOTIONS
from models.motion_channels import MOTION_CHANNELS, motion_channels


@dataclass(frozen=True)
class ImuEncoderConfig:
    """Sizes; a token spans `kernel` rows and starts every `stride` rows of 20 ms."""

    kernel: int = 9
    stride: int = 4
    # LIMU-BERT's hidden size.
    width: int = 72
    layers: int = 2
    heads: int = 4
    max_tokens: int = 256
    features: int = 128
    embedding: int = 128
    dropout: float = 0.1
    motions: int = len(MOTIONS)


class ImuEncoder(nn.Module):
    """Motion of any length to features, a shared-space embedding and motion logits."""

    def __init__(self, config: ImuEncoderConfig = ImuEncoderConfig()) -> None:
        super().__init__()
        self.config = config
        self.lift = nn.Sequential(
            nn.Conv1d(MOTION_CHANNELS, config.width, 5, padding=2),
            nn.GELU(),
            nn.Conv1d(
                config.width,
                config.width,
                config.kernel,
                config.stride,
                padding=config.kernel // 2,
            ),
        )
        self.position = nn.Parameter(torch.randn(1, config.max_tokens, config.width) * 0.02)
        layer = nn.TransformerEncoderLayer(
            config.width,
            config.heads,
            dim_feedforward=2 * config.width,
            dropout=config.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.layers = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(config.width)
        self.mix = nn.Linear(2 * config.width, config.features)
        self.drop = nn.Dropout(config.dropout)
        self.project = nn.Linear(config.features, config.embedding)
        self.motions = nn.Linear(config.features, config.motions)

    def forward(self, imu: Tensor) -> Encoded:
        """(B, N, 6) at 50 Hz -> features (B, F), embedding (B, D), motion logits (B, 4)."""
        x = self.lift(motion_channels(imu).transpose(1, 2)).transpose(1, 2)  # (B, N/4, W)
        x = self.norm(self.layers(x + self.position[:, : x.shape[1]]))  # (B, N/4, W)
        x = torch.cat([x.mean(dim=1), x.amax(dim=1)], dim=1)  # (B, 2W)
        features = nn.functional.gelu(self.mix(x))  # (B, F)
        return Encoded(
            features=features,
            embedding=nn.functional.normalize(self.project(features), dim=-1),
            logits=self.motions(self.drop(features)),
        )
