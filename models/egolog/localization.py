"""Sound localization with movement compensation (EgoLog §4.2): eight regions, multi-label.

Three views of a second meet: the directions of its GCC-PHAT (`models.egolog.sound_directions`),
spectra with the ears' level differences at full resolution, which tell front from back and near
from far, and the motion itself (§4.2.2's transformer).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Self

import torch
from torch import Tensor, nn

from models.egolog.motion_channels import MOTION_CHANNELS, motion_channels
from models.egolog.movement_compensation import head_yaw
from models.egolog.sound_directions import Directions, sectors
from models.network.key import Config, Key
from schemas.evidence import DIRECTIONS, DISTANCES, REGIONS

MICROPHONES = {1: 1, 3: 2, 10: 4}
MEL_SCALE = 10.0  # nats


class LocalizationError(ValueError):
    """A network's configuration has unsupported sizes."""


@dataclass(frozen=True)
class LocalizationConfig:
    """Sizes; `maps` is 1, 3 or 10 for one, two or four microphones."""

    maps: int = 3
    bins: int = 64
    frames: int = 50
    stride: int = 5
    channels: tuple[int, int, int] = (24, 48, 64)
    steered: tuple[int, int] = (24, 32)
    hidden: int = 128
    heads: int = 4
    # The paper's IMU branch has 384 output features; the layers here are narrower, because width
    # 384 throughout would cost six times the whole audio branch.
    imu_width: int = 64
    imu_features: int = 384
    imu_out: int = 32
    dropout: float = 0.1
    regions: int = len(REGIONS)
    # Hidden units of the distance head; None for no head.
    distance_hidden: int | None = None


class ImuBranch(nn.Module):
    """IMU branch of §4.2.2: two transformer layers over the motion of the same second."""

    def __init__(self, config: LocalizationConfig) -> None:
        super().__init__()
        self.stride = config.stride
        self.lift = nn.Linear(MOTION_CHANNELS, config.imu_width)
        self.position = nn.Parameter(torch.randn(1, config.frames, config.imu_width) * 0.02)
        layer = nn.TransformerEncoderLayer(
            config.imu_width,
            config.heads,
            dim_feedforward=2 * config.imu_width,
            dropout=0.0,
            batch_first=True,
            norm_first=True,
        )
        self.layers = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
        self.widen = nn.Linear(config.imu_width, config.imu_features)
        self.out = nn.Linear(config.imu_features, config.imu_out)

    def forward(self, imu: Tensor) -> Tensor:
        """(B, 6, T) m/s² and rad/s -> (B, T/5, O)."""
        x = self.lift(motion_channels(imu.transpose(1, 2)))  # (B, T, W)
        x = self.layers(x + self.position[:, : x.shape[1]])  # (B, T, W)
        x = torch.relu(self.widen(x))  # (B, T, 384)
        x = x.reshape(len(x), -1, self.stride, x.shape[2]).mean(dim=2)  # (B, T/5, 384)
        out: Tensor = self.out(x)  # (B, T/5, O)
        return out


class LocalizationOutput(NamedTuple):
    """Logits: `regions` (B, 8), and `heat` (B, 2, 72) of a near and a far source per direction.

    `heat` is None for one microphone, which hears no direction.
    """

    regions: Tensor
    heat: Tensor | None


class Spectra(nn.Module):
    """Log-mels to features per T/5 frames and of the whole second."""

    def __init__(self, microphones: int, config: LocalizationConfig) -> None:
        super().__init__()
        first, second, third = config.channels
        planes = 1 + (0 if microphones == 1 else 1 if microphones == 2 else microphones)
        pitch = torch.linspace(-1.0, 1.0, config.bins)
        self.register_buffer("pitch", pitch[None, None, None], persistent=False)
        self.scale = nn.BatchNorm2d(planes)
        self.convs = nn.Sequential(
            *_block(planes + 1, first, (5, 5), (1, 2)),
            *_block(first, second, (5, 3), (config.stride, 2)),
            *_block(second, third, (3, 3), (1, 2)),
        )
        self.narrow = nn.Linear(third * (config.bins // 8), config.hidden)
        # The whole second's spectrum and level differences, weighted by power, band by band.
        self.whole = nn.Sequential(
            nn.BatchNorm1d(planes * config.bins),
            nn.Linear(planes * config.bins, config.hidden),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden, config.hidden),
        )

    pitch: Tensor

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """(B, M, T, 64) -> (B, T/5, H) and (B, H)."""
        mean = mel.mean(dim=1, keepdim=True)
        level = mean.amax(dim=(2, 3), keepdim=True)  # loudness says nothing of place
        if mel.shape[1] == 1:
            planes = [(mean - level) / MEL_SCALE]
        elif mel.shape[1] == 2:
            planes = [(mean - level) / MEL_SCALE, mel[:, :1] - mel[:, 1:]]
        else:
            planes = [(mean - level) / MEL_SCALE, mel - mean]
        seen = torch.cat(planes, dim=1)  # (B, C, T, 64)
        # Weighted by power, so that loud frames of a band count most.
        weight = torch.softmax(mean, dim=2)  # (B, 1, T, 64)
        whole = self.whole((seen * weight).sum(dim=2).flatten(1))  # (B, H)
        pitch = self.pitch.expand(len(mel), 1, mel.shape[2], -1)
        x = self.convs(torch.cat([self.scale(seen), pitch], dim=1))  # (B, 64, T/5, 8)
        x = torch.relu(self.narrow(x.transpose(1, 2).flatten(2)))  # (B, T/5, H)
        return x, whole


class Localization(nn.Module):
    """Log-mel and GCC maps, and the motion if there is any, to the eight regions."""

    temper: Tensor
    offset: Tensor

    def __init__(self, config: LocalizationConfig = LocalizationConfig()) -> None:
        super().__init__()
        if config.maps not in MICROPHONES:
            raise LocalizationError(f"maps is {config.maps}; expected 1, 3 or 10")
        self.config = config
        microphones = MICROPHONES[config.maps]
        pairs = config.maps - microphones
        self.spectra = Spectra(microphones, config)
        self.directions = (
            Directions(pairs, config.bins, config.stride, config.steered, config.hidden)
            if pairs
            else None
        )
        steered = self.directions.features if self.directions is not None else 0
        self.turn = nn.Linear(3, 16)
        self.gru = nn.GRU(
            config.hidden + 16, config.hidden // 2, batch_first=True, bidirectional=True
        )
        self.attention = nn.MultiheadAttention(config.hidden, config.heads, batch_first=True)
        self.norm = nn.LayerNorm(config.hidden)
        self.drop = nn.Dropout(config.dropout)
        self.motion = ImuBranch(config)
        self.absent = nn.Parameter(torch.zeros(config.imu_out))
        self.join = nn.Linear(config.hidden + config.imu_out, config.hidden)
        self.out = nn.Linear(config.hidden + 2 * steered, config.regions)
        # What interaural levels say of distance depends on the room, not on the direction.
        self.distance = distance_head(self.out.in_features, config.distance_hidden)
        self.share = nn.Parameter(torch.ones(len(DISTANCES)))
        # Calibration by scale and offset, fitted after training (Platt).
        self.register_buffer("temper", torch.ones(len(DISTANCES)))
        self.register_buffer("offset", torch.zeros(len(DISTANCES)))

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the network of the sizes that its weights file keeps."""
        sizes = {name: tuple(config[name]) for name in ("channels", "steered")}
        return cls(LocalizationConfig(**{**config, **sizes}))

    def forward(
        self, maps: Tensor, imu: Tensor | None, has_imu: Tensor | None = None
    ) -> LocalizationOutput:
        """Return logits of the second.

        Args:
            maps: (B, M, T, 64) log-mel spectrograms and GCC-PHAT, T a multiple of 5.
            imu: (B, 6, T) m/s² and rad/s, or None where there is no motion at all.
            has_imu: (B,) bool, for a batch in which some items lack motion.
        """
        batch, _, frames, _ = maps.shape
        steps = frames // self.config.stride
        absent = self.absent.expand(batch, steps, -1)
        if imu is None:
            has_motion, yaw, turned = maps.new_zeros(batch), maps.new_zeros(batch, frames), absent
        else:
            always = torch.ones(batch, dtype=torch.bool, device=maps.device)
            there = always if has_imu is None else has_imu
            has_motion = there.to(maps.dtype)
            yaw = head_yaw(imu) * has_motion[:, None]  # (B, T)
            # Half precision is no faster here, and the motion is small beside gravity.
            with torch.autocast(imu.device.type, enabled=False):
                motion = self.motion(imu)
            turned = torch.where(there[:, None, None], motion, absent)
        microphones = MICROPHONES[self.config.maps]
        audio_spectra, whole = self.spectra(maps[:, :microphones])
        pace = nn.functional.avg_pool1d(yaw[:, None], self.config.stride)[:, 0]  # (B, T/5)
        swing = torch.diff(pace, dim=1, append=pace[:, -1:])
        turn = torch.stack([pace, 5 * swing, has_motion[:, None].expand_as(pace)], dim=2)
        x = torch.cat([audio_spectra, torch.relu(self.turn(turn))], dim=2)
        x, _ = self.gru(self.drop(x))  # (B, T/5, H)
        attended, _ = self.attention(x, x, x, need_weights=False)
        x = self.norm(x + attended)
        x = torch.relu(self.join(torch.cat([self.drop(x), turned], dim=2)))  # (B, T/5, H)
        second = x.mean(dim=1) + whole  # (B, H)
        if self.directions is None:
            return LocalizationOutput(self.region_logits(torch.relu(second)), None)
        along = self.directions(maps, yaw, has_motion)  # (B, W, 72)
        heat = self.directions.source_heat(along, second)  # (B, 2, 72)
        pooled = torch.cat([along.mean(dim=2), along.amax(dim=2)], dim=1)
        logits = self.region_logits(torch.cat([self.drop(torch.relu(second)), pooled], dim=1))
        return LocalizationOutput(logits + (sectors(heat) * self.share).flatten(1), heat)

    def regions(self, maps: Tensor, imu: Tensor | None) -> Tensor:
        """Return the second's calibrated probabilities (B, 8)."""
        return self.calibrate(self(maps, imu).regions)

    def calibrate(self, logits: Tensor) -> Tensor:
        """Return calibrated probabilities (B, 8)."""
        each = logits.reshape(len(logits), -1, len(DISTANCES))
        return torch.sigmoid(each * self.temper + self.offset).flatten(1)

    def region_logits(self, features: Tensor) -> Tensor:
        """Return the output layer's logits (B, 8), with the head's, for its input (B, F)."""
        logits: Tensor = self.out(features)
        if self.distance is not None:
            logits = logits + self.distance(features).repeat(1, len(DIRECTIONS))
        return logits


def distance_head(features: int, hidden: int | None) -> nn.Sequential | None:
    """Return the head whose two outputs are added to near and far of every direction.

    Its last layer is initialised to zero, so that it adds nothing before training.

    Args:
        features: width of the output layer's input.
        hidden: hidden units; None for no head.
    """
    if hidden is None:
        return None
    last = nn.Linear(hidden, len(DISTANCES))
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), last)


def _key(name: str) -> Key[Localization]:
    return Key(name, Localization.from_config, ("regions",))


LOCALIZATION = _key("localization")
LOCALIZATION_MONO = _key("localization_mono")
LOCALIZATION_GLASSES = _key("localization_glasses")
LOCALIZATION_HEADPHONES = _key("localization_headphones")

Array = Literal["glasses", "headphones"]
"""Devices with four microphones."""

ARRAYS: dict[Array, Key[Localization]] = {
    "glasses": LOCALIZATION_GLASSES,
    "headphones": LOCALIZATION_HEADPHONES,
}


def _block(
    into: int, out: int, kernel: tuple[int, int], stride: tuple[int, int]
) -> list[nn.Module]:
    padding = (kernel[0] // 2, kernel[1] // 2)
    return [
        nn.Conv2d(into, out, kernel, stride=stride, padding=padding, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
    ]
