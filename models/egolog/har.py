"""Scenario-aware activity recognition (EgoLog §4.3): one token per modality, fused by attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from models.egolog.activity_seconds import (
    ActivitySeconds,
    ActivitySecondsConfig,
    SecondLogits,
)
from models.labels import ACTIVITIES
from models.network.attention import transformer
from models.network.key import Config, Key


@dataclass(frozen=True)
class HarConfig:
    """Sizes of the fusion; `audio` and `imu` are the encoders', `text` the text embeddings'.

    `seconds_width` is that of the part that sees single seconds, None without it.
    """

    audio: int = 256
    imu: int = 128
    text: int = 384
    width: int = 128
    layers: int = 2
    heads: int = 4
    dropout: float = 0.2
    activities: int = len(ACTIVITIES)
    seconds_width: int | None = None


class Har(nn.Module):
    """Z_m = (Encoder_m(S_m), e_m) for audio, IMU and each scenario; mean of the output tokens."""

    def __init__(self, config: HarConfig = HarConfig()) -> None:
        super().__init__()
        self.config = config
        self.audio = nn.Linear(config.audio, config.width)
        self.imu = nn.Linear(config.imu, config.width)
        self.text = nn.Linear(config.text, config.width)
        self.modality = nn.Parameter(torch.randn(4, config.width) * 0.02)
        self.fusion = transformer(config.width, config.heads, config.layers, config.dropout)
        self.norm = nn.LayerNorm(config.width)
        self.out = nn.Linear(config.width, config.activities)
        self.seconds = None
        if config.seconds_width is not None:
            self.seconds = ActivitySeconds(
                ActivitySecondsConfig(
                    audio=config.audio,
                    imu=config.imu,
                    text=config.text,
                    width=config.seconds_width,
                    activities=config.activities,
                )
            )

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the network of the sizes that its weights file keeps."""
        return cls(HarConfig(**config))

    def forward(
        self,
        audio: Tensor,
        audio_mask: Tensor,
        imu: Tensor,
        imu_mask: Tensor,
        text: Tensor,
        text_mask: Tensor,
        audio_seconds: Tensor | None = None,
        imu_seconds: Tensor | None = None,
    ) -> Tensor:
        """Return activity logits (B, 16).

        Args:
            audio: (B, 256) audio features; rows not in `audio_mask` (B,) are ignored.
            audio_mask: (B,) bool, True where there is sound.
            imu: (B, 128) IMU features.
            imu_mask: (B,) bool, True where there is motion.
            text: (B, K, E) text embeddings of up to K scenarios.
            text_mask: (B, K) bool, True where a scenario is named.
            audio_seconds: (B, n, 256) audio features of each second by itself.
            imu_seconds: (B, n, 128) IMU features of each second.

        Without the seconds, or without sound, the logits are those of the fusion alone.
        """
        fused = self.fuse(audio, audio_mask, imu, imu_mask, text, text_mask)
        if self.seconds is None or audio_seconds is None or imu_seconds is None:
            return fused
        by_second: SecondLogits = self.seconds(
            fused, audio_seconds, audio_mask, imu_seconds, imu_mask, text, text_mask
        )
        return fused + by_second.added

    def fuse(
        self,
        audio: Tensor,
        audio_mask: Tensor,
        imu: Tensor,
        imu_mask: Tensor,
        text: Tensor,
        text_mask: Tensor,
    ) -> Tensor:
        """Return the logits (B, 16) of the fusion, of whole windows as in `forward`.

        An item without any token gets a learned token, which amounts to the activities' prior.
        """
        tokens = torch.cat(
            [
                (self.audio(audio) + self.modality[0])[:, None],
                (self.imu(imu) + self.modality[1])[:, None],
                self.text(text) + self.modality[2],
                self.modality[3].expand(len(audio), 1, -1),
            ],
            dim=1,
        )  # (B, K + 3, W)
        present = torch.cat([audio_mask[:, None], imu_mask[:, None], text_mask], dim=1)  # (B, K+2)
        nothing = ~present.any(1, keepdim=True)  # (B, 1)
        present = torch.cat([present, nothing], dim=1)  # (B, K + 3)
        x = self.norm(self.fusion(tokens, src_key_padding_mask=~present))  # (B, K + 3, W)
        kept = present[..., None].float()  # (B, K + 3, 1)
        logits: Tensor = self.out((x * kept).sum(1) / kept.sum(1))  # (B, 16)
        return logits


HAR = Key("har", Har.from_config, ("activities", "scenarios"))
