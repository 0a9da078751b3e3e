"""Scenario recognition (EgoLog §4.1.3): key frames by audio-IMU similarity, then a sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from models.labels import SCENARIOS


@dataclass(frozen=True)
class ScenarioConfig:
    """Sizes of the second stage; `features` and `embedding` are the encoders'."""

    features: int = 128
    embedding: int = 128
    hidden: int = 128
    sequence: Literal["transformer", "lstm"] = "transformer"
    layers: int = 2
    heads: int = 4
    max_segments: int = 64
    dropout: float = 0.2
    # Sharpness of the key-frame weights over cosine similarities.
    sharpness: float = 4.0
    scenarios: int = len(SCENARIOS)

    @property
    def joined(self) -> int:
        """Width of one segment's row: audio, IMU and key-frame features, and three flags."""
        return 2 * self.features + self.embedding + 3


@dataclass(frozen=True)
class Segments:
    """Encoded segments of a batch of windows; S is 15 for 30 s of 2 s segments.

    Features are (B, S, F), embeddings (B, S, D) unit vectors, masks (B, S) bool, True where the
    modality was there.
    """

    audio_features: Tensor
    audio_embedding: Tensor
    audio_mask: Tensor
    imu_features: Tensor
    imu_embedding: Tensor
    imu_mask: Tensor


def key_frame_weights(segments: Segments, sharpness: float) -> Tensor:
    """Return each segment's weight (B, S), summing to 1 over the segments that have anything.

    Where both modalities are present the weight grows with their similarity; a window without
    such a segment weighs its present segments equally, and one without any data all of them.
    """
    both = segments.audio_mask & segments.imu_mask  # (B, S)
    either = segments.audio_mask | segments.imu_mask  # (B, S)
    similarity = (segments.audio_embedding * segments.imu_embedding).sum(-1)  # (B, S)
    score = torch.where(both, similarity * sharpness, torch.zeros_like(similarity))
    allowed = torch.where(both.any(1, keepdim=True), both, either)  # (B, S)
    allowed = allowed | ~allowed.any(1, keepdim=True)
    return score.masked_fill(~allowed, float("-inf")).softmax(dim=1)


class ScenarioNet(nn.Module):
    """`join` makes a window's rows, `forward` classifies them; only rows leave the device."""

    def __init__(self, config: ScenarioConfig = ScenarioConfig()) -> None:
        super().__init__()
        self.config = config
        self.lift = nn.Sequential(
            nn.Linear(config.joined, config.hidden), nn.GELU(), nn.Dropout(config.dropout)
        )
        self.sequence: nn.Module
        if config.sequence == "transformer":
            self.position = nn.Parameter(torch.randn(1, config.max_segments, config.hidden) * 0.02)
            layer = nn.TransformerEncoderLayer(
                config.hidden,
                config.heads,
                dim_feedforward=2 * config.hidden,
                dropout=config.dropout,
                activation="gelu",
                batch_first=True,
                norm_first=True,
            )
            self.sequence = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)
        else:
            self.sequence = nn.LSTM(
                config.hidden,
                config.hidden // 2,
                config.layers,
                batch_first=True,
                bidirectional=True,
                dropout=config.dropout,
            )
        self.norm = nn.LayerNorm(config.hidden)
        self.drop = nn.Dropout(config.dropout)
        self.out = nn.Linear(2 * config.hidden, config.scenarios)

    def join(self, segments: Segments) -> tuple[Tensor, Tensor]:
        """Return rows (B, S, J) and key-frame weights (B, S)."""
        weights = key_frame_weights(segments, self.config.sharpness)  # (B, S)
        heard = segments.audio_mask[..., None].float()  # (B, S, 1)
        moved = segments.imu_mask[..., None].float()  # (B, S, 1)
        share = weights[..., None] * weights.shape[1]  # (B, S, 1), 1 on average
        # Not a product with the mask: a masked value would leave its sign on the zero.
        audio = segments.audio_features.masked_fill(heard == 0, 0.0)  # (B, S, F)
        imu = segments.imu_features.masked_fill(moved == 0, 0.0)  # (B, S, F)
        shared = segments.audio_embedding.masked_fill(heard == 0, 0.0)  # (B, S, D)
        shared = shared + segments.imu_embedding.masked_fill(moved == 0, 0.0)  # (B, S, D)
        key = share * shared / (heard + moved).clamp(min=1.0)  # (B, S, D)
        rows = torch.cat(
            [
                audio,
                imu,
                key,
                heard,
                moved,
                share,
            ],
            dim=-1,
        )  # (B, S, 2F + D + 3)
        return rows, weights

    def forward(self, rows: Tensor) -> Tensor:
        """Rows (B, S, J) of `join` -> scenario logits (B, 16)."""
        heard, moved = rows[..., -3], rows[..., -2]  # (B, S) each
        present = (heard + moved) > 0  # (B, S)
        present = present | ~present.any(1, keepdim=True)
        x = self.lift(rows)  # (B, S, H)
        if self.config.sequence == "transformer":
            x = x + self.position[:, : x.shape[1]]
            x = self.sequence(x, src_key_padding_mask=~present)  # (B, S, H)
        else:
            x, _ = self.sequence(x)  # (B, S, H)
        x = self.norm(x)
        kept = present[..., None].float()  # (B, S, 1)
        mean = (x * kept).sum(1) / kept.sum(1)  # (B, H)
        peak = x.masked_fill(~present[..., None], float("-inf")).amax(1)  # (B, H)
        logits: Tensor = self.out(self.drop(torch.cat([mean, peak], dim=-1)))  # (B, 16)
        return logits
