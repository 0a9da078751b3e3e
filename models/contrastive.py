"""Audio-IMU contrastive learning (EgoLog §4.1.2): the pair of encoders and their loss."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from models.audio_encoder import AudioEncoder, AudioEncoderConfig
from models.imu_encoder import ImuEncoder, ImuEncoderConfig

Positive = Literal["sample", "scenario"]


@dataclass(frozen=True)
class EncodersConfig:
    """The two encoders; `scale` is the learned temperature's start as exp(τ), CLIP's 1/0.07."""

    audio: AudioEncoderConfig = field(default_factory=AudioEncoderConfig)
    imu: ImuEncoderConfig = field(default_factory=ImuEncoderConfig)
    scale: float = 1 / 0.07


class Encoders(nn.Module):
    """Both encoders and the temperature τ that their logits are scaled with."""

    def __init__(self, config: EncodersConfig = EncodersConfig()) -> None:
        super().__init__()
        if config.audio.embedding != config.imu.embedding:
            raise ValueError(
                f"audio embedding has {config.audio.embedding} dimensions and imu embedding "
                f"{config.imu.embedding}; want the same"
            )
        self.config = config
        self.audio = AudioEncoder(config.audio)
        self.imu = ImuEncoder(config.imu)
        self.tau = nn.Parameter(torch.tensor(config.scale).log())

    def logits(self, audio: Tensor, imu: Tensor) -> Tensor:
        """A·Iᵀ·exp(τ): embeddings (B, D) and (B, D) -> (B, B)."""
        return audio @ imu.T * self.tau.clamp(max=4.6).exp()


def contrastive_loss(
    logits: Tensor, positive: Positive = "sample", scenario: Tensor | None = None
) -> Tensor:
    """Symmetric cross-entropy of the (B, B) logits.

    Args:
        logits: row i holds audio i against every motion.
        positive: "sample" pairs each sound with its own motion only; "scenario" with every
            motion of the same scenario, each an equal share of the target.
        scenario: (B,) scenario ids; needed for "scenario".
    """
    if positive == "sample":
        target = torch.eye(len(logits), dtype=logits.dtype, device=logits.device)  # (B, B)
    elif scenario is None:
        raise ValueError("positive 'scenario' needs the scenario ids; got none")
    else:
        same = (scenario[:, None] == scenario[None, :]).to(logits.dtype)  # (B, B)
        target = same / same.sum(dim=1, keepdim=True)
    by_audio = nn.functional.cross_entropy(logits, target)
    by_imu = nn.functional.cross_entropy(logits.T, target)
    return (by_audio + by_imu) / 2
