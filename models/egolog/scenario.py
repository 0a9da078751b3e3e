"""Scenario recognition (EgoLog §4.1.3): key frames by audio-IMU similarity, then a sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import torch
from torch import Tensor, nn

from models.egolog.segment_row import EMBEDDING, MOTION_FEATURES, SOUND_FEATURES, row_width
from models.labels import SCENARIOS
from models.network.attention import transformer
from models.network.key import Config, Key

Sequence = Literal["transformer", "lstm", "none"]


@dataclass(frozen=True)
class ScenarioConfig:
    """Sizes of the second stage; `audio`, `imu` and `embedding` are the encoders'.

    `sequence` "none" averages the segments; `key_frames` False omits the shared space. Both are
    ablations of EgoLog's Table 2.
    """

    audio: int = SOUND_FEATURES
    imu: int = MOTION_FEATURES
    embedding: int = EMBEDDING
    hidden: int = 128
    sequence: Sequence = "transformer"
    key_frames: bool = True
    layers: int = 2
    heads: int = 4
    max_segments: int = 64
    dropout: float = 0.25
    # Sharpness of the key-frame weights over cosine similarities.
    sharpness: float = 4.0
    scenarios: int = len(SCENARIOS)

    @property
    def row_width(self) -> int:
        """Width of a segment's row."""
        return row_width(self.audio, self.imu, self.embedding)


@dataclass(frozen=True)
class Segments:
    """Encoded segments of a batch of windows; S is 15 for 30 s of 2 s segments.

    Features are (B, S, F), embeddings (B, S, D) unit vectors, masks (B, S) bool, True where the
    modality is present.
    """

    audio_features: Tensor
    audio_embedding: Tensor
    audio_mask: Tensor
    imu_features: Tensor
    imu_embedding: Tensor
    imu_mask: Tensor


def key_frame_weights(segments: Segments, sharpness: float) -> Tensor:
    """Return each segment's weight (B, S), summing to 1 over the segments that have anything.

    For segments with both modalities the weight grows with their similarity. A window without such
    segments weighs its present segments equally, and an empty window all segments.
    """
    both = segments.audio_mask & segments.imu_mask  # (B, S)
    either = segments.audio_mask | segments.imu_mask  # (B, S)
    similarity = _similarity(segments)  # (B, S)
    score = torch.where(both, similarity * sharpness, torch.zeros_like(similarity))
    allowed = both | (either & ~both.any(1, keepdim=True))  # (B, S)
    allowed = allowed | ~allowed.any(1, keepdim=True)
    return score.masked_fill(~allowed, float("-inf")).softmax(dim=1)


class ScenarioNet(nn.Module):
    """`join` makes a window's rows, `forward` classifies them; only rows leave the device."""

    def __init__(self, config: ScenarioConfig = ScenarioConfig()) -> None:
        super().__init__()
        self.config = config
        self.lift = nn.Sequential(
            nn.Linear(config.row_width, config.hidden), nn.GELU(), nn.Dropout(config.dropout)
        )
        self.sequence: nn.Module = nn.Identity()
        if config.sequence == "transformer":
            self.position = nn.Parameter(torch.randn(1, config.max_segments, config.hidden) * 0.02)
            self.sequence = transformer(config.hidden, config.heads, config.layers, config.dropout)
        elif config.sequence == "lstm":
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
        pooled = config.hidden if config.sequence == "none" else 2 * config.hidden
        self.out = nn.Linear(pooled, config.scenarios)

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the network of the sizes that its weights file keeps."""
        return cls(ScenarioConfig(**config))

    def join(self, segments: Segments) -> tuple[Tensor, Tensor]:
        """Return rows (B, S, J) and key-frame weights (B, S)."""
        has_audio = segments.audio_mask[..., None].float()  # (B, S, 1)
        has_imu = segments.imu_mask[..., None].float()  # (B, S, 1)
        # Not multiplied by the mask, which would keep the sign of a masked value on its zero.
        parts = [
            values.masked_fill(mask == 0, 0.0)
            for values, mask in (
                (segments.audio_features, has_audio),
                (segments.imu_features, has_imu),
                (segments.audio_embedding, has_audio),
                (segments.imu_embedding, has_imu),
            )
        ]
        if self.config.key_frames:
            weights = key_frame_weights(segments, self.config.sharpness)  # (B, S)
            similarity = _similarity(segments)[..., None] * has_audio * has_imu  # (B, S, 1)
        else:
            weights = torch.full_like(segments.audio_mask, 1.0, dtype=torch.float32)
            weights = weights / weights.shape[1]  # (B, S)
            parts[2:] = [torch.zeros_like(part) for part in parts[2:]]
            similarity = torch.zeros_like(has_audio)
        share = weights[..., None] * weights.shape[1]  # (B, S, 1), 1 on average
        rows = torch.cat([*parts, similarity, share, has_audio, has_imu], dim=-1)  # (B, S, J)
        return rows, weights

    def forward(self, rows: Tensor) -> Tensor:
        """Rows (B, S, J) of `join` -> scenario logits (B, 16)."""
        share, has_audio, has_imu = rows[..., -3], rows[..., -2], rows[..., -1]  # (B, S) each
        present = (has_audio + has_imu) > 0  # (B, S)
        present = present | ~present.any(1, keepdim=True)
        x = self.lift(rows)  # (B, S, H)
        if self.config.sequence == "transformer":
            x = x + self.position[:, : x.shape[1]]
            x = self.sequence(x, src_key_padding_mask=~present)  # (B, S, H)
        elif self.config.sequence == "lstm":
            x, _ = self.sequence(x)  # (B, S, H)
        x = self.norm(x)
        kept = (present * share.clamp(min=1e-3))[..., None]  # (B, S, 1)
        pooled = (x * kept).sum(1) / kept.sum(1)  # (B, H)
        if self.config.sequence != "none":
            peak = x.masked_fill(~present[..., None], float("-inf")).amax(1)  # (B, H)
            pooled = torch.cat([pooled, peak], dim=-1)  # (B, 2H)
        logits: Tensor = self.out(self.drop(pooled))  # (B, 16)
        return logits


SCENARIO = Key("scenario", ScenarioNet.from_config, ("scenarios",))
# Ablations of EgoLog's Table 2, for measurements only.
WITHOUT_CONTRASTIVE = Key("scenario_without_contrastive", ScenarioNet.from_config, ("scenarios",))
WITHOUT_SEQUENCE = Key("scenario_without_sequence", ScenarioNet.from_config, ("scenarios",))


def _similarity(segments: Segments) -> Tensor:
    """Cosine of both embeddings: (B, S)."""
    return (segments.audio_embedding * segments.imu_embedding).sum(-1)
