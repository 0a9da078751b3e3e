"""IMU encoder after LIMU-BERT (EgoLog §4.1.2): a small transformer over motion.

Dilated convolutions make the tokens. Without them so small a transformer would need far more
wearers than there are recordings of to learn steps and changes of posture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn

from models.egolog.motion_channels import MOTION_CHANNELS, motion_channels
from models.labels import MOTIONS
from models.network.attention import transformer

if TYPE_CHECKING:
    from models.network.key import Config

MIDDLE_ROWS = 100
"""Middle rows of a stretch that its motion class refers to: 2 s, a scenario segment."""
SECOND_ROWS = 50


@dataclass(frozen=True)
class ImuEncoderConfig:
    """Sizes; a token stands for `stride` rows of 20 ms."""

    stride: int = 4
    width: int = 96
    dilations: tuple[int, ...] = (1, 2, 4, 8)
    layers: int = 1
    heads: int = 4
    max_tokens: int = 256
    features: int = 128
    dropout: float = 0.2
    motions: int = len(MOTIONS)

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the sizes that a weights file keeps."""
        return cls(**{**config, "dilations": tuple(config["dilations"])})


@dataclass(frozen=True)
class ImuOutput:
    """The encoder's output for B stretches: features (B, F), motion logits (B, 4).

    The motion class is that of the middle two seconds, because five seconds may contain several,
    such as standing up and the steps after it.
    """

    features: Tensor
    logits: Tensor


class DilatedBlock(nn.Module):
    """A residual block: a dilated convolution over tokens, then a pointwise one."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(width, width, 5, padding=2 * dilation, dilation=dilation, bias=False),
            nn.BatchNorm1d(width),
            nn.GELU(),
            nn.Conv1d(width, width, 1, bias=False),
            nn.BatchNorm1d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, W, N) -> (B, W, N)."""
        out: Tensor = nn.functional.gelu(x + self.layers(x))
        return out


class ImuEncoder(nn.Module):
    """Motion of any length to features and motion logits."""

    def __init__(self, config: ImuEncoderConfig = ImuEncoderConfig()) -> None:
        super().__init__()
        self.config = config
        half = config.width // 2
        self.lift = nn.Sequential(
            nn.BatchNorm1d(MOTION_CHANNELS),
            nn.Conv1d(MOTION_CHANNELS, half, 7, 2, padding=3, bias=False),
            nn.BatchNorm1d(half),
            nn.GELU(),
            nn.Conv1d(half, config.width, 5, config.stride // 2, padding=2, bias=False),
            nn.BatchNorm1d(config.width),
            nn.GELU(),
            *(DilatedBlock(config.width, dilation) for dilation in config.dilations),
        )
        self.position = nn.Parameter(torch.randn(1, config.max_tokens, config.width) * 0.02)
        self.layers = transformer(config.width, config.heads, config.layers, config.dropout)
        self.norm = nn.LayerNorm(config.width)
        self.mix = nn.Linear(2 * config.width, config.features)
        self.drop = nn.Dropout(config.dropout)
        self.motions = nn.Linear(config.features, config.motions)

    def forward(self, imu: Tensor) -> ImuOutput:
        """(B, N, 6) at 50 Hz -> features (B, F) and motion logits (B, 4)."""
        return self.pool(self.tokens(imu))

    def tokens(self, imu: Tensor) -> Tensor:
        """(B, N, 6) -> (B, N/4, W): one token for every `stride` rows."""
        x = self.lift(motion_channels(imu).transpose(1, 2)).transpose(1, 2)  # (B, N/4, W)
        tokens: Tensor = self.norm(self.layers(x + self.position[:, : x.shape[1]]))
        return tokens

    def pool(self, tokens: Tensor) -> ImuOutput:
        """(B, N/4, W) -> features (B, F) and motion logits (B, 4)."""
        features = self._pool_tokens(tokens)
        count = MIDDLE_ROWS // self.config.stride
        # No branch on the length, which the exported graph could not express.
        spare = torch.sym_max(0, tokens.shape[1] - count) // 2  # type: ignore[no-untyped-call]
        middle = self._pool_tokens(tokens[:, spare : spare + count])
        return ImuOutput(features=features, logits=self.motions(self.drop(middle)))

    def seconds(self, tokens: Tensor, rows: int) -> Tensor:
        """(B, N/4, W) of `rows` rows -> the features (B, n, F) of each of its n whole seconds.

        They are those of tokens that have seen the whole stretch. Rows that are left over belong to
        the last second.
        """
        stride, count = self.config.stride, rows // SECOND_ROWS
        middle = torch.arange(tokens.shape[1], device=tokens.device) * stride + stride // 2
        within = (middle // SECOND_ROWS).clamp(max=count - 1)  # (N/4,)
        here = within == torch.arange(count, device=tokens.device)[:, None]  # (n, N/4)
        mean = here.float() @ tokens / here.sum(dim=1, keepdim=True)  # (B, n, W)
        apart = tokens[:, None].masked_fill(~here[..., None], float("-inf"))  # (B, n, N/4, W)
        return self._project(mean, apart.amax(dim=2))

    def _pool_tokens(self, tokens: Tensor) -> Tensor:
        return self._project(tokens.mean(dim=1), tokens.amax(dim=1))  # (B, F)

    def _project(self, mean: Tensor, largest: Tensor) -> Tensor:
        return nn.functional.gelu(self.mix(torch.cat([mean, largest], dim=-1)))  # (..., F)
