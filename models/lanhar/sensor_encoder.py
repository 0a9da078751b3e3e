"""The sensor encoder: six seconds of motion to the space of descriptions (LanHAR §3.5.1).

The sum of two branches. `gait` sees the few measures that mean the same at every body position, so
it generalises across data sets. `sequence` sees all of the motion and all measures, with a
transformer over short patches as in the paper; it is trained by the first branch and by
interpretations on readings of the target position. Where a still body may be sitting or standing, a
third branch, `posture`, replaces `gait` (`models.research.lanhar.training.posture_features`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, normalize

from models.lanhar.rotation_invariant import (
    CHANNELS,
    GAIT,
    GRAVITY,
    MEASURES,
    SAMPLES,
    channels,
    measures,
)
from models.lanhar.space import FEATURES
from models.network.attention import transformer
from models.network.key import Config, Key

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.lanhar.rotation_invariant import Float32

POSTURE = 2
STANCE = 3
# Standardised measures are clipped to this.
_FAR = 6.0
# Least size of a group whose spread is estimated.
_MIN_OF_A_GROUP = 8


@dataclass(frozen=True)
class SensorEncoderConfig:
    """Sizes; the paper's are width 768, 3 layers, 2 heads, one token per sample."""

    width: int = 64
    heads: int = 2
    layers: int = 3
    patch: int = 4
    hidden: int = 96
    dropout: float = 0.1
    features: int = FEATURES
    gait: bool = True
    sequence: bool = True
    posture: bool = False
    # False gives the paper's input: the six raw axes, normalised, without measures.
    invariant: bool = True


class SensorEncoder(nn.Module):
    """Windows (B, T, 6) at 20 Hz, T usually 120, m/s² and rad/s, to unit vectors (B, 128)."""

    centre: Tensor
    spread: Tensor
    gait_columns: Tensor

    def __init__(self, config: SensorEncoderConfig = SensorEncoderConfig()) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("centre", torch.zeros(len(MEASURES)))
        self.register_buffer("spread", torch.ones(len(MEASURES)))
        self.register_buffer("gait_columns", torch.tensor(GAIT), persistent=False)
        self.gait = nn.Sequential(
            nn.Linear(len(GAIT), config.hidden),
            nn.GELU(),
            nn.Linear(config.hidden, config.hidden),
            nn.GELU(),
            nn.Linear(config.hidden, config.features),
        )
        self.sequence = Sequence(config)
        if config.posture:
            self.posture = nn.Sequential(
                nn.Linear(STANCE, config.hidden),
                nn.GELU(),
                nn.Linear(config.hidden, config.features),
            )

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Build the network from the sizes in its weights file."""
        return cls(SensorEncoderConfig(**config))

    def standardise(self, of: Tensor, moving: Tensor | None = None) -> None:
        """Set centre and spread from windows' measures (N, M); `moving` (N,) groups, -1 for none.

        The spread is that within groups, so that differences between groups are kept.
        """
        self.centre.copy_(of.mean(dim=0))
        groups: list[Tensor] = []
        if moving is not None:
            members = [of[moving == group] for group in torch.unique(moving[moving >= 0])]
            groups = [one.var(dim=0) for one in members if len(one) >= _MIN_OF_A_GROUP]
        variance = torch.stack(groups).mean(dim=0) if groups else of.var(dim=0)
        self.spread.copy_(variance.sqrt() + 1e-3)

    def forward(self, imu: Tensor, posture: Tensor | None = None) -> Tensor:
        """(B, T, 6), posture (B, 2) or None if unknown -> unit vectors (B, 128).

        `posture` is the cosine of gravity's angle to the wearer's upright, and 1 where known.
        """
        return self.embed(self.inputs(imu, posture))

    def inputs(self, imu: Tensor, posture: Tensor | None = None) -> Inputs:
        """Return the fixed inputs of the branches, computed once for training."""
        if posture is None:
            posture = torch.zeros((len(imu), POSTURE))
        if not self.config.invariant:
            return Inputs(_raw(imu), torch.zeros((len(imu), len(MEASURES))), posture)
        seen = torch.from_numpy(channels(imu.numpy()))
        return self.standardised(seen, measures_of(imu), posture)

    def standardised(self, channels: Tensor, measures: Tensor, posture: Tensor) -> Inputs:
        """(B, 7, T), raw measures (B, M), posture (B, 2) -> the branches' inputs."""
        values = ((measures - self.centre) / self.spread).clamp(-_FAR, _FAR)
        return Inputs(channels, values, posture)

    def embed(self, inputs: Inputs, posture: Tensor | None = None) -> Tensor:
        """Return unit vectors (B, 128) of the sum of branches.

        `posture` (B, 128), the posture branch's vectors, replaces the gait branch's.
        """
        parts = []
        if posture is not None:
            parts.append(posture)
        elif self.config.gait:
            parts.append(self.by_gait(inputs.values))
        if self.config.sequence:
            parts.append(self.by_sequence(inputs))
        return normalize(torch.stack(parts).sum(dim=0), dim=1)

    def reading(self, imu: NDArray[Any], posture: float | None = None) -> Float32:
        """(T, 6) at 20 Hz, cosine of gravity's angle to upright if known -> unit vector (128,)."""
        known = None if posture is None else torch.tensor([[posture, 1.0]])
        with torch.inference_mode():
            vector: Float32 = self(torch.tensor(imu)[None], known)[0].numpy()
        return vector

    def by_gait(self, values: Tensor) -> Tensor:
        """(B, M) standardised measures -> unit vectors (B, 128) of the gait branch."""
        return normalize(self.gait(values[:, self.gait_columns]), dim=1)

    def by_posture(self, values: Tensor) -> Tensor:
        """(B, 3) values of `Postures.relative` -> unit vectors (B, 128) of the posture branch."""
        return normalize(self.posture(values), dim=1)

    def by_sequence(self, inputs: Inputs) -> Tensor:
        """Return unit vectors (B, 128) of the sequence branch."""
        return normalize(self.sequence(inputs), dim=1)


@dataclass(frozen=True)
class Inputs:
    """The branches' inputs: channels (B, 7, T), measures (B, M), posture (B, 2)."""

    channels: Tensor
    values: Tensor
    posture: Tensor

    def __len__(self) -> int:
        return len(self.channels)

    def __getitem__(self, index: Tensor) -> Inputs:
        return Inputs(self.channels[index], self.values[index], self.posture[index])

    @staticmethod
    def together(parts: list[Inputs]) -> Inputs:
        """Concatenate parts along the batch."""
        return Inputs(
            torch.cat([part.channels for part in parts]),
            torch.cat([part.values for part in parts]),
            torch.cat([part.posture for part in parts]),
        )


class Sequence(nn.Module):
    """Multi-scale patches, transformer layers, and the measures, into (B, 128)."""

    def __init__(self, config: SensorEncoderConfig) -> None:
        super().__init__()
        half = config.width // 2
        stride = config.patch
        self.short = nn.Conv1d(CHANNELS, half, 5, stride, padding=2)
        self.long = nn.Conv1d(CHANNELS, config.width - half, 21, stride, padding=10)
        self.norm = nn.LayerNorm(config.width)
        self.position = nn.Parameter(torch.randn(1, SAMPLES // stride, config.width) * 0.02)
        self.layers = transformer(config.width, config.heads, config.layers, config.dropout)
        self.values = nn.Sequential(
            nn.Linear(len(MEASURES) + POSTURE, config.hidden), nn.GELU(), nn.Dropout(config.dropout)
        )
        self.mix = nn.Linear(2 * config.width + config.hidden, config.hidden)
        self.out = nn.Linear(config.hidden, config.features)

    def forward(self, inputs: Inputs) -> Tensor:
        """Return (B, 128), not normalised."""
        x = self.tokens(inputs.channels)
        values = self.values(torch.cat([inputs.values, inputs.posture], dim=1))
        return self.joined(torch.cat([x.mean(dim=1), x.amax(dim=1), values], dim=1))

    def tokens(self, channels: Tensor) -> Tensor:
        """(B, 7, T) -> the transformer's output tokens (B, T/4, W)."""
        x = torch.cat([self.short(channels), self.long(channels)], dim=1)
        # No branch on the length, which the exported graph could not express.
        count = torch.sym_min(x.shape[2], self.position.shape[1])  # type: ignore[no-untyped-call]
        x = x[..., :count].transpose(1, 2)
        tokens: Tensor = self.layers(self.norm(x) + self.position[:, :count])
        return tokens

    def joined(self, pooled: Tensor) -> Tensor:
        """Mean and largest of the tokens (B, 2·W) beside the measures (B, H) -> (B, 128)."""
        out: Tensor = self.out(gelu(self.mix(pooled)))
        return out


LANHAR_SENSOR = Key("lanhar_sensor", SensorEncoder.from_config)


def measures_of(imu: Tensor) -> Tensor:
    """(B, T, 6) -> measures (B, M)."""
    return torch.from_numpy(measures(imu.numpy()))


def _raw(imu: Tensor) -> Tensor:
    """(B, T, 6) -> (B, 7, T): the axes over gravity, as LIMU-BERT normalises; one is empty."""
    scaled = torch.cat([imu[..., :3] / GRAVITY, imu[..., 3:]], dim=2).transpose(1, 2)
    return torch.cat([scaled, torch.zeros_like(scaled[:, :1])], dim=1)
