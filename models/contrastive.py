"""Audio-IMU contrastive learning (EgoLog §4.1.2): two encoders, a space they share, the loss."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from models.imu_encoder import ImuEncoder, ImuEncoderConfig
from models.sound_encoder import SoundEncoder, SoundEncoderConfig

Positive = Literal["sample", "scenario"]


@dataclass(frozen=True)
class SpaceConfig:
    """Sizes of the shared space; `scale` is the learned temperature's start as exp(τ)."""

    audio: int = 256
    imu: int = 128
    width: int = 256
    embedding: int = 128
    dropout: float = 0.2
    # CLIP's 1/0.07.
    scale: float = 1 / 0.07


@dataclass(frozen=True)
class EncodersConfig:
    """The two encoders and the space above them."""

    audio: SoundEncoderConfig = field(default_factory=SoundEncoderConfig)
    imu: ImuEncoderConfig = field(default_factory=ImuEncoderConfig)
    space: SpaceConfig = field(default_factory=SpaceConfig)


@dataclass(frozen=True)
class Encoded:
    """What one modality of B segments becomes.

    `features` (B, F) are the unimodal features, `embedding` (B, D) the unit vector in the space
    that sound and motion share, `logits` (B, L) those of the encoder's own label set.
    """

    features: Tensor
    embedding: Tensor
    logits: Tensor


class SharedSpace(nn.Module):
    """Projects both modalities' features onto one unit sphere; τ scales the similarities.

    The encoders below stay as sound events and motion taught them: few recordings carry scenarios,
    and a projection learns from them what fine-tuning whole encoders would forget by.
    """

    def __init__(self, config: SpaceConfig = SpaceConfig()) -> None:
        super().__init__()
        self.config = config
        self.audio = _projection(config.audio, config)
        self.imu = _projection(config.imu, config)
        self.tau = nn.Parameter(torch.tensor(config.scale).log())

    def of_audio(self, features: Tensor) -> Tensor:
        """(..., 256) -> unit vectors (..., D)."""
        return normalize(self.audio(features), dim=-1)

    def of_imu(self, features: Tensor) -> Tensor:
        """(..., 128) -> unit vectors (..., D)."""
        return normalize(self.imu(features), dim=-1)

    def logits(self, audio: Tensor, imu: Tensor) -> Tensor:
        """A·Iᵀ·exp(τ): embeddings (B, D) and (B, D) -> (B, B)."""
        return audio @ imu.T * self.tau.clamp(max=4.6).exp()


class Encoders(nn.Module):
    """Both encoders and the shared space."""

    def __init__(self, config: EncodersConfig = EncodersConfig()) -> None:
        super().__init__()
        wanted = (config.audio.features, config.imu.features)
        if wanted != (config.space.audio, config.space.imu):
            raise ValueError(
                f"shared space takes {config.space.audio} audio and {config.space.imu} imu "
                f"features; want the encoders' {wanted[0]} and {wanted[1]}"
            )
        self.config = config
        self.audio = SoundEncoder(config.audio)
        self.imu = ImuEncoder(config.imu)
        self.space = SharedSpace(config.space)

    def hear(self, mel: Tensor) -> Encoded:
        """(B, T, 64) log-mel -> features (B, 256), embedding (B, D), event logits (B, 48)."""
        heard = self.audio(mel)
        return Encoded(heard.features, self.space.of_audio(heard.features), heard.logits)

    def move(self, imu: Tensor) -> Encoded:
        """(B, N, 6) at 50 Hz -> features (B, 128), embedding (B, D), motion logits (B, 4)."""
        moved = self.imu(imu)
        return Encoded(moved.features, self.space.of_imu(moved.features), moved.logits)


def contrastive_loss(
    logits: Tensor, positive: Positive = "sample", scenarios: Tensor | None = None
) -> Tensor:
    """Symmetric cross-entropy of the (B, B) logits.

    Args:
        logits: row i holds audio i against every motion.
        positive: "sample" pairs each sound with its own motion only; "scenario" with every
            motion that shares a scenario with it, each an equal share of the target.
        scenarios: (B, K) multi-hot; needed for "scenario".
    """
    if positive == "sample":
        target = torch.eye(len(logits), dtype=logits.dtype, device=logits.device)  # (B, B)
    elif scenarios is None:
        raise ValueError("positive 'scenario' needs the scenarios (B, K); got none")
    else:
        same = (scenarios @ scenarios.T > 0).to(logits.dtype)  # (B, B)
        same.fill_diagonal_(1.0)
        target = same / same.sum(dim=1, keepdim=True)
    return (cross_entropy(logits, target) + cross_entropy(logits.T, target)) / 2


def _projection(inputs: int, config: SpaceConfig) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(inputs),
        nn.Linear(inputs, config.width),
        nn.GELU(),
        nn.Dropout(config.dropout),
        nn.Linear(config.width, config.embedding),
    )
