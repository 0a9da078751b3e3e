"""Audio encoder of the EfficientAT family (EgoLog §4.1.2): a small CNN with inverted residuals."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.labels import SOUND_EVENTS


@dataclass(frozen=True)
class AudioEncoderConfig:
    """Sizes; `blocks` lists (channels, expanded, kernel, stride, squeeze-excite) as MobileNetV3."""

    mels: int = 64
    stem: int = 16
    blocks: tuple[tuple[int, int, int, int, bool], ...] = (
        (16, 16, 3, 2, False),
        (24, 64, 3, 1, False),
        (40, 96, 5, 2, True),
        (40, 120, 5, 1, True),
        (64, 200, 5, 2, True),
        (64, 256, 5, 1, True),
        (80, 256, 5, 1, True),
    )
    features: int = 128
    embedding: int = 128
    dropout: float = 0.2
    events: int = len(SOUND_EVENTS)


@dataclass(frozen=True)
class Encoded:
    """What an encoder makes of a batch of segments.

    `features` (B, F) are the unimodal features, `embedding` (B, D) the unit vector in the space
    that sound and motion share, `logits` (B, L) those of the encoder's own label set.
    """

    features: Tensor
    embedding: Tensor
    logits: Tensor


class SqueezeExcite(nn.Module):
    """Scales channels by what the whole map holds."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.down = nn.Linear(channels, max(8, channels // 4))
        self.up = nn.Linear(max(8, channels // 4), channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) -> (B, C, T, F)."""
        gate = torch.relu(self.down(x.mean(dim=(2, 3))))  # (B, C/4)
        gate = nn.functional.hardsigmoid(self.up(gate))  # (B, C)
        return x * gate[:, :, None, None]


class InvertedResidual(nn.Module):
    """Widen, filter each channel by itself, gate, narrow; added to the input where shapes allow."""

    def __init__(
        self, inputs: int, outputs: int, expanded: int, kernel: int, stride: int, gate: bool
    ) -> None:
        super().__init__()
        self.residual = stride == 1 and inputs == outputs
        layers: list[nn.Module] = []
        if expanded != inputs:
            layers += _conv(inputs, expanded, 1, 1)
        layers += _conv(expanded, expanded, kernel, stride, groups=expanded)
        if gate:
            layers.append(SqueezeExcite(expanded))
        layers += _conv(expanded, outputs, 1, 1)[:-1]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) -> (B, C', T/stride, F/stride)."""
        out: Tensor = self.layers(x)
        return x + out if self.residual else out


class AudioEncoder(nn.Module):
    """Log-mel of any length to features, a shared-space embedding and sound-event logits."""

    def __init__(self, config: AudioEncoderConfig = AudioEncoderConfig()) -> None:
        super().__init__()
        self.config = config
        self.scale = nn.BatchNorm1d(config.mels)
        # 80 ms and two mels a step from here on: the time axis is what costs.
        stem = nn.Conv2d(1, config.stem, (5, 3), (4, 2), padding=(2, 1), bias=False)
        layers: list[nn.Module] = [stem, nn.BatchNorm2d(config.stem), nn.Hardswish()]
        width = config.stem
        for outputs, expanded, kernel, stride, gate in config.blocks:
            layers.append(InvertedResidual(width, outputs, expanded, kernel, stride, gate))
            width = outputs
        self.layers = nn.Sequential(*layers, *_conv(width, 2 * config.features, 1, 1))
        self.mix = nn.Linear(4 * config.features, config.features)
        self.drop = nn.Dropout(config.dropout)
        self.project = nn.Linear(config.features, config.embedding)
        self.events = nn.Linear(config.features, config.events)

    def forward(self, mel: Tensor) -> Encoded:
        """(B, T, 64) log-mel -> features (B, F), embedding (B, D), event logits (B, 48)."""
        x = self.scale(mel.transpose(1, 2)).transpose(1, 2)  # (B, T, 64)
        x = self.layers(x[:, None])  # (B, 2F, T/32, 4)
        x = x.mean(dim=3)  # (B, 2F, T/32)
        x = torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1)  # (B, 4F)
        features = nn.functional.hardswish(self.mix(self.drop(x)))  # (B, F)
        return Encoded(
            features=features,
            embedding=nn.functional.normalize(self.project(features), dim=-1),
            logits=self.events(self.drop(features)),
        )


def _conv(inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.Hardswish(),
    ]
