"""Sound encoder (EgoLog §4.1.2): log-mel to features, sound events and ESC-50's categories.

A small residual network of dense convolutions, which at this size are faster on a CPU than
depthwise ones, and learn more from few clips.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn

from models.labels import CATEGORIES, RECOGNISED_SOUNDS
from models.network.key import Config, Key
from models.network.windows import SECOND_STEPS

if TYPE_CHECKING:
    from collections.abc import Sequence

MIN_STEPS = 50


class SoundShapeError(ValueError):
    """A log-mel has a shape that the encoder cannot take."""


@dataclass(frozen=True)
class SoundEncoderConfig:
    """Sizes; `stages` lists (channels, blocks, time stride, mel stride)."""

    mels: int = 64
    stem: int = 32
    stages: tuple[tuple[int, int, int, int], ...] = (
        (64, 2, 2, 2),
        (128, 1, 2, 2),
        (256, 2, 1, 2),
    )
    maps: int = 512
    features: int = 256
    dropout: float = 0.15
    events: int = len(RECOGNISED_SOUNDS)
    categories: int = len(CATEGORIES)

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the sizes stored in a weights file."""
        return cls(**{**config, "stages": tuple(tuple(stage) for stage in config["stages"])})


@dataclass(frozen=True)
class AudioOutput:
    """The encoder's output for a batch of B sounds.

    `features` (B, F) are the input of later networks; `logits` (B, 54) are multi-label, of
    `RECOGNISED_SOUNDS`; `categories` (B, 50) are single-label, of ESC-50.
    """

    features: Tensor
    logits: Tensor
    categories: Tensor


class Residual(nn.Module):
    """Two 3×3 convolutions added to their input (ResNet's basic block)."""

    def __init__(
        self, inputs: int, outputs: int, stride: tuple[int, int], rank: float = 1.0
    ) -> None:
        super().__init__()
        self.first = nn.Sequential(
            _convolution(inputs, outputs, stride, rank), nn.BatchNorm2d(outputs)
        )
        self.second = nn.Sequential(
            _convolution(outputs, outputs, (1, 1), rank), nn.BatchNorm2d(outputs)
        )
        self.skip: nn.Module = nn.Identity()
        if stride != (1, 1) or inputs != outputs:
            self.skip = nn.Sequential(
                nn.AvgPool2d(stride, ceil_mode=True) if stride != (1, 1) else nn.Identity(),
                nn.Conv2d(inputs, outputs, 1, bias=False),
                nn.BatchNorm2d(outputs),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, M) -> (B, C', T/stride, M/stride), rounded up."""
        out: Tensor = self.second(torch.relu(self.first(x)))
        return torch.relu(out + self.skip(x))


class SoundTower(nn.Module):
    """The encoder above its first stage, which is trained separately for each purpose.

    `rank` is the number of maps of each 3×3 convolution, as a share of its outputs, before a 1×1
    convolution mixes them; 1 leaves that out.
    """

    def __init__(self, config: SoundEncoderConfig, rank: float = 1.0) -> None:
        super().__init__()
        self.layers = nn.Sequential(*_stages(config.stages[0][0], config.stages[1:], rank))
        self.widen = nn.Sequential(nn.Conv1d(config.stages[-1][0], config.maps, 1), nn.ReLU())
        self.drop = nn.Dropout(config.dropout)
        self.mix = nn.Linear(2 * config.maps, config.features)

    def forward(self, low: Tensor) -> Tensor:
        """(B, C, T/4, 16) of the first stage -> features (B, F)."""
        return self.pool(self.steps(low))

    def steps(self, low: Tensor) -> Tensor:
        """(B, C, T/4, 16) -> (B, 512, T/8), one step each 160 ms, T/8 rounded up."""
        out: Tensor = self.widen(self.layers(low).mean(dim=3))
        return out

    def pool(self, steps: Tensor) -> Tensor:
        """(B, 512, S) steps -> features (B, F) of all of them."""
        return self.together(_summary(steps)[:, None])

    def seconds(self, low: Tensor) -> Tensor:
        """(B, C, 13, 16) of a second each -> its mean and largest maps (B, 2, 512)."""
        return _summary(self.steps(low))

    def together(self, seconds: Tensor) -> Tensor:
        """(B, n, 2, 512) of n seconds -> features (B, F) of all of them."""
        x = torch.cat([seconds[:, :, 0].mean(dim=1), seconds[:, :, 1].amax(dim=1)], dim=1)
        return torch.relu(self.mix(self.drop(x)))  # (B, 1024) -> (B, F)


class SoundEncoder(nn.Module):
    """Log-mel of 1 s or longer to features and two sets of logits."""

    def __init__(self, config: SoundEncoderConfig = SoundEncoderConfig()) -> None:
        super().__init__()
        self.config = config
        self.scale = nn.BatchNorm1d(config.mels)
        self.first = nn.Sequential(
            nn.Conv2d(1, config.stem, 5, 2, padding=2, bias=False),
            nn.BatchNorm2d(config.stem),
            nn.ReLU(),
            *_stages(config.stem, config.stages[:1]),
        )
        self.tower = SoundTower(config)
        self.drop = nn.Dropout(config.dropout)
        self.events = nn.Linear(config.features, config.events)
        self.classify = nn.Linear(config.features, config.categories)

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Build the network from the sizes in its weights file."""
        return cls(SoundEncoderConfig.from_config(config))

    def low(self, mel: Tensor) -> Tensor:
        """(B, T, 64) log-mel, T ≥ 50 steps of 20 ms -> (B, C, T/4, 16) of the first stage.

        Raises `SoundShapeError` for other shapes.
        """
        if mel.ndim != 3 or mel.shape[1] < MIN_STEPS or mel.shape[2] != self.config.mels:
            raise SoundShapeError(
                f"mel has shape {tuple(mel.shape)}; "
                f"expected (B, T, {self.config.mels}) with T of at least {MIN_STEPS}"
            )
        x = self.scale(mel.transpose(1, 2)).transpose(1, 2)  # (B, T, 64)
        out: Tensor = self.first(x[:, None])
        return out

    def steps(self, mel: Tensor) -> Tensor:
        """(B, T, 64) log-mel -> (B, 512, T/8), one step each 160 ms, T/8 rounded up."""
        return self.tower.steps(self.low(mel))

    def pool(self, steps: Tensor) -> AudioOutput:
        """(B, 512, S) steps -> the output for all of them together."""
        return self.output_of(self.tower.pool(steps))

    def output_of(self, features: Tensor) -> AudioOutput:
        """Features (B, F) -> features and logits."""
        dropped = self.drop(features)
        return AudioOutput(features, self.events(dropped), self.classify(dropped))

    def forward(self, mel: Tensor) -> AudioOutput:
        """(B, T, 64) log-mel, T ≥ 50 steps of 20 ms -> features and logits.

        Raises `SoundShapeError` where the shape does not fit.
        """
        return self.pool(self.steps(mel))


# Not shipped: an intermediate of training. The shipped sound encoder is among the encoders.
AUDIO = Key("audio", SoundEncoder.from_config, ("recognised_sounds", "categories"), shipped=False)


def in_seconds(mel: Tensor) -> Tensor:
    """(B, 50·n, 64) -> (B·n, 50, 64); raises `SoundShapeError` for any other shape."""
    if mel.ndim != 3 or mel.shape[1] == 0 or mel.shape[1] % SECOND_STEPS:
        raise SoundShapeError(
            f"mel has shape {tuple(mel.shape)}; expected (B, T, mels) with T a multiple of "
            f"{SECOND_STEPS}"
        )
    return mel.reshape(-1, SECOND_STEPS, mel.shape[2])


def _summary(steps: Tensor) -> Tensor:
    return torch.stack([steps.mean(dim=2), steps.amax(dim=2)], dim=1)  # (B, 2, 512)


def _convolution(
    inputs: int, outputs: int, stride: tuple[int, int], rank: float
) -> nn.Conv2d | nn.Sequential:
    if rank >= 1:
        return nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    maps = max(1, round(rank * outputs))
    return nn.Sequential(
        nn.Conv2d(inputs, maps, 3, stride, padding=1, bias=False),
        nn.Conv2d(maps, outputs, 1, bias=False),
    )


def _stages(
    width: int, stages: Sequence[tuple[int, int, int, int]], rank: float = 1.0
) -> list[nn.Module]:
    blocks: list[nn.Module] = []
    for channels, count, *stride in stages:
        for block in range(count):
            step = (stride[0], stride[1]) if block == 0 else (1, 1)
            blocks.append(Residual(width, channels, step, rank))
            width = channels
    return blocks
