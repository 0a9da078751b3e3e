"""Distance-based sound extraction (EgoLog §4.3): the near field's share of each band and frame.

The wearer's own activity sounds near, interference sounds far. The network estimates which share of
the power in each mel band and frame comes from near sources; masking the log-mel with it removes
far sound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from models.network.key import Config, Key

_MEL_SCALE = 10.0  # nats


@dataclass(frozen=True)
class NearFieldConfig:
    """Sizes of the network, whose input is two microphones."""

    bins: int = 64
    channels: tuple[int, int, int] = (16, 24, 32)
    narrow: int = 64
    lags: int = 32
    hidden: int = 32


class NearField(nn.Module):
    """Log-mels and GCC-PHAT of two microphones to the near field's share of power."""

    pitch: Tensor

    def __init__(self, config: NearFieldConfig = NearFieldConfig()) -> None:
        super().__init__()
        self.config = config
        first, second, third = config.channels
        pitch = torch.linspace(-1.0, 1.0, config.bins)
        self.register_buffer("pitch", pitch[None, None, None], persistent=False)
        self.scale = nn.BatchNorm2d(2)
        self.one = _conv(3, first, (5, 5))
        self.two = _conv(first, second, (3, 3), (1, 2))
        self.three = _conv(second, third, (3, 3), (1, 2))
        quarter = config.bins // 4
        self.narrow = nn.Linear(third * quarter, config.narrow)
        self.lag = nn.Linear(config.bins, config.lags)
        self.gru = nn.GRU(
            config.narrow + config.lags, config.hidden, batch_first=True, bidirectional=True
        )
        self.widen = nn.Linear(2 * config.hidden, third * quarter)
        self.up_two = _conv(third + second, second, (3, 3))
        self.up_one = _conv(second + first, first, (3, 3))
        self.out = nn.Conv2d(first, 1, 1)

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the network of the sizes that its weights file keeps."""
        return cls(NearFieldConfig(**{**config, "channels": tuple(config["channels"])}))

    def forward(self, maps: Tensor) -> Tensor:
        """(B, 3, T, 64) log-mels of both ears and their GCC-PHAT -> logits (B, T, 64)."""
        mel, gcc = maps[:, :2], maps[:, 2]
        mean = mel.mean(dim=1, keepdim=True)
        level = mean.amax(dim=(2, 3), keepdim=True)  # loudness says nothing of distance
        seen = torch.cat([(mean - level) / _MEL_SCALE, mel[:, :1] - mel[:, 1:]], dim=1)
        pitch = self.pitch.expand(len(maps), 1, maps.shape[2], -1)
        one = self.one(torch.cat([self.scale(seen), pitch], dim=1))  # (B, 16, T, 64)
        two = self.two(one)  # (B, 24, T, 32)
        three = self.three(two)  # (B, 32, T, 16)
        frames = torch.relu(self.narrow(three.transpose(1, 2).flatten(2)))
        lags = torch.relu(self.lag(4 * gcc))
        x, _ = self.gru(torch.cat([frames, lags], dim=2))  # (B, T, 64)
        x = self.widen(x).reshape(len(maps), maps.shape[2], three.shape[1], -1).transpose(1, 2)
        x = torch.relu(x + three)
        x = self.up_two(torch.cat([x.repeat_interleave(2, dim=3), two], dim=1))
        x = self.up_one(torch.cat([x.repeat_interleave(2, dim=3), one], dim=1))
        out: Tensor = self.out(x)[:, 0]
        return out

    def share(self, maps: Tensor) -> Tensor:
        """Return the near field's share (B, T, 64) of power, in [0, 1]."""
        return torch.sigmoid(self(maps))


NEAR_FIELD = Key("near_field", NearField.from_config)


def _conv(
    into: int, out: int, kernel: tuple[int, int], stride: tuple[int, int] = (1, 1)
) -> nn.Sequential:
    padding = (kernel[0] // 2, kernel[1] // 2)
    return nn.Sequential(
        nn.Conv2d(into, out, kernel, stride=stride, padding=padding, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
    )
