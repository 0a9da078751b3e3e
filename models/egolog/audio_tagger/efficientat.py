"""EfficientAT (Schmid et al. 2023): MobileNetV3 on 128 log-mel bands, the paper's audio encoder.

The modules have the names of the published files (`mn04_as`, `mn10_as`, `mn10_as_fc` and so on), so
that these load unchanged: `features.0.0.weight` to `features.16.1.bias`, squeeze-and-
excitation over channels as `block.2.conc_se_layers.0.fc1`, `classifier.2` and `classifier.5`, or
`classifier.0` and `classifier.1` of the fully convolutional head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torchaudio.functional import resample

from models.egolog.audio_tagger.log_mel import RATE, TaggerLogMel
from models.network.encoder_output import EncoderOutput
from models.network.published_weights import WrongWeightsError, fit_into, read_weights, shape_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OUR_RATE = 16_000
WIDTHS = (0.1, 0.2, 0.4, 0.5, 1.0, 2.0, 3.0, 4.0)

# MobileNetV3-Large (Howard et al. 2019, table 1) at width 1: channels in, kernel, expanded,
# channels out, squeeze-and-excitation, hard swish, stride.
_BLOCKS: tuple[tuple[int, int, int, int, bool, bool, int], ...] = (
    (16, 3, 16, 16, False, False, 1),
    (16, 3, 64, 24, False, False, 2),
    (24, 3, 72, 24, False, False, 1),
    (24, 5, 72, 40, True, False, 2),
    (40, 5, 120, 40, True, False, 1),
    (40, 5, 120, 40, True, False, 1),
    (40, 3, 240, 80, False, True, 2),
    (80, 3, 200, 80, False, True, 1),
    (80, 3, 184, 80, False, True, 1),
    (80, 3, 184, 80, False, True, 1),
    (80, 3, 480, 112, True, True, 1),
    (112, 3, 672, 112, True, True, 1),
    (112, 5, 672, 160, True, True, 2),
    (160, 5, 960, 160, True, True, 1),
    (160, 5, 960, 160, True, True, 1),
)
_LAST = 1280


@dataclass(frozen=True)
class EfficientATConfig:
    """`width` scales every channel count: mn04 is 0.4, mn10 is 1; AudioSet has 527 classes.

    `convolutional` is the head of `mn10_as_fc`: classes at each place, averaged.
    """

    width: float = 1.0
    classes: int = 527
    convolutional: bool = False


class _SqueezeExcitation(nn.Module):
    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, squeezed)
        self.fc2 = nn.Linear(squeezed, channels)

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.sigmoid(self.fc2(torch.relu(self.fc1(x.mean(dim=(2, 3))))))  # (B, C)
        return x * gate[:, :, None, None]


class _Excite(nn.Module):
    """Squeeze-and-excitation over channels; the published code also supports other axes."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = round_to_8(channels // 4)
        self.conc_se_layers = nn.ModuleList([_SqueezeExcitation(channels, squeezed)])

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conc_se_layers[0](x)
        return out


class _Block(nn.Module):
    def __init__(
        self, inputs: int, kernel: int, wide: int, outputs: int, gate: bool, hard: bool, stride: int
    ) -> None:
        super().__init__()
        self.residual = stride == 1 and inputs == outputs
        swish = nn.Hardswish if hard else nn.ReLU
        layers: list[nn.Module] = []
        if wide != inputs:
            layers.append(_conv(inputs, wide, 1, 1, 1, swish))
        layers.append(_conv(wide, wide, kernel, stride, wide, swish))
        if gate:
            layers.append(_Excite(wide))
        layers.append(_conv(wide, outputs, 1, 1, 1, None))
        self.block = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.block(x)
        return out + x if self.residual else out


class EfficientAT(nn.Module):
    """Sound at 16 kHz, of any length from 0.1 s on, to features and AudioSet logits."""

    def __init__(self, config: EfficientATConfig = EfficientATConfig()) -> None:
        super().__init__()
        self.config = config

        def scaled(channels: int) -> int:
            return round_to_8(channels * config.width)

        layers: list[nn.Module] = [_conv(1, scaled(_BLOCKS[0][0]), 3, 2, 1, nn.Hardswish)]
        for inputs, kernel, wide, outputs, gate, hard, stride in _BLOCKS:
            layers.append(
                _Block(scaled(inputs), kernel, scaled(wide), scaled(outputs), gate, hard, stride)
            )
        last = scaled(_BLOCKS[-1][3])
        self.width = 6 * last
        layers.append(_conv(last, self.width, 1, 1, 1, nn.Hardswish))
        self.features = nn.Sequential(*layers)
        self.classifier = (
            nn.Sequential(
                nn.Conv2d(self.width, config.classes, 1, bias=False),
                nn.BatchNorm2d(config.classes),
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
            )
            if config.convolutional
            else nn.Sequential(
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
                nn.Linear(self.width, scaled(_LAST)),
                nn.Hardswish(),
                nn.Dropout(0.2),
                nn.Linear(scaled(_LAST), config.classes),
            )
        )
        self.mel = TaggerLogMel()

    def forward(self, wave: Tensor) -> EncoderOutput:
        """(B, n) float32 in [-1, 1] at 16 kHz -> features (B, width) and AudioSet logits."""
        return self.of_mel(self.mel(resample(wave, OUR_RATE, RATE)))

    def of_mel(self, mel: Tensor) -> EncoderOutput:
        """(B, 128, T) of `TaggerLogMel` -> features (B, width) and AudioSet logits."""
        x = self.features(mel[:, None])  # (B, F, 4, T/32)
        return EncoderOutput(features=x.mean(dim=(2, 3)), logits=self.classifier(x))


def load(path: Path) -> EfficientAT:
    """Return the frozen network of a published file; its sizes are inferred from the shapes.

    Raises `models.network.published_weights.PretrainedError` with the key that does not fit.
    """
    tensors = read_weights(path)
    module = EfficientAT(_config_of(tensors, path))
    fit_into(module, tensors, path)
    return module


def _config_of(tensors: Mapping[str, Tensor], path: Path) -> EfficientATConfig:
    convolutional = "classifier.0.weight" in tensors
    last = "features.16.1.weight"
    (channels,) = shape_of(tensors, last, 1, path)
    width = next((w for w in WIDTHS if 6 * round_to_8(_BLOCKS[-1][3] * w) == channels), None)
    if width is None:
        sizes = ", ".join(str(6 * round_to_8(_BLOCKS[-1][3] * w)) for w in WIDTHS)
        raise WrongWeightsError(
            f"weights {path} hold {last!r} of {channels} channels; expected one of {sizes}"
        )
    out = "classifier.1.bias" if convolutional else "classifier.5.bias"
    (classes,) = shape_of(tensors, out, 1, path)
    return EfficientATConfig(width, classes, convolutional)


def round_to_8(channels: float) -> int:
    """Return a multiple of 8, at least 8, that is at most 10 % less than `channels`."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def _conv(
    inputs: int, outputs: int, kernel: int, stride: int, groups: int, after: type[nn.Module] | None
) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01),
    ]
    if after is not None:
        layers.append(after())
    return nn.Sequential(*layers)
