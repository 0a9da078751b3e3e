"""Audio-IMU contrastive learning (EgoLog §4.1.2): two encoders, a shared space, the loss."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from models.egolog.audio_encoder import (
    SoundEncoder,
    SoundEncoderConfig,
    SoundTower,
    in_seconds,
)
from models.egolog.imu_encoder import ImuEncoder, ImuEncoderConfig, ImuOutput
from models.network.key import Config, Key

Positive = Literal["sample", "scenario"]


@dataclass(frozen=True)
class SpaceConfig:
    """Sizes of the shared space; `scale` is the initial value of the learned exp(τ)."""

    audio: int = 256
    imu: int = 128
    width: int = 256
    embedding: int = 128
    dropout: float = 0.2
    # CLIP's 1/0.07.
    scale: float = 1 / 0.07


@dataclass(frozen=True)
class EncodersConfig:
    """The two encoders and the shared space; `shared_rank` is the rank of the shared tower."""

    audio: SoundEncoderConfig = field(default_factory=SoundEncoderConfig)
    imu: ImuEncoderConfig = field(default_factory=ImuEncoderConfig)
    space: SpaceConfig = field(default_factory=SpaceConfig)
    shared_rank: float = 1.0

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the sizes stored in a weights file."""
        return cls(
            shared_rank=config.get("shared_rank", 1.0),
            audio=SoundEncoderConfig.from_config(config["audio"]),
            imu=ImuEncoderConfig.from_config(config["imu"]),
            space=SpaceConfig(**config["space"]),
        )


@dataclass(frozen=True)
class Encoding:
    """The encoding of one modality of B segments.

    `features` (B, F) are those of the contrastive stage, `embedding` (B, D) are unit vectors in the
    shared space; `logits` (B, L) are of the encoder's own label set, and `plain` (B, F) its
    features before the contrastive stage.
    """

    features: Tensor
    embedding: Tensor
    logits: Tensor
    plain: Tensor


class Standardise(nn.Module):
    """Standardises each feature by its mean and spread over the training items."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(features, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., F) -> (..., F)."""
        out: Tensor = self.norm(x.reshape(-1, x.shape[-1])).view(x.shape)
        return out


class SharedSpace(nn.Module):
    """Projects both modalities' features onto one unit sphere; τ scales the similarities."""

    def __init__(self, config: SpaceConfig = SpaceConfig()) -> None:
        super().__init__()
        self.config = config
        self.audio = _projection(config.audio, config)
        self.imu = _projection(config.imu, config)
        self.tau = nn.Parameter(torch.tensor(config.scale).log())

    def of_audio(self, features: Tensor) -> Tensor:
        """(..., 256) -> unit vectors (..., D)."""
        return normalize(self.audio(features), dim=-1)

    def of_imu(self, features: Tensor) -> Tensor:
        """(..., 128) -> unit vectors (..., D)."""
        return normalize(self.imu(features), dim=-1)

    def logits(self, audio: Tensor, imu: Tensor) -> Tensor:
        """A·Iᵀ·exp(τ): embeddings (B, D) and (B, D) -> (B, B)."""
        return audio @ imu.T * self.tau.clamp(max=4.6).exp()


class Encoders(nn.Module):
    """Both encoders, and the copies of them that are trained for the shared space.

    The contrastive stage trains copies, so that the classifiers of sounds and motions stay as
    trained on their own labels; the sound encoder is copied above its first stage. Sound is encoded
    second by second, so that all consumers of a second share its cost.
    """

    def __init__(self, config: EncodersConfig = EncodersConfig()) -> None:
        super().__init__()
        wanted = (config.audio.features, config.imu.features)
        if wanted != (config.space.audio, config.space.imu):
            raise ValueError(
                f"shared space takes {config.space.audio} audio and {config.space.imu} imu "
                f"features; expected the encoders' {wanted[0]} and {wanted[1]}"
            )
        self.config = config
        self.audio = SoundEncoder(config.audio)
        self.imu = ImuEncoder(config.imu)
        self.shared_audio = SoundTower(config.audio, config.shared_rank)
        self.shared_imu = ImuEncoder(config.imu)
        self.space = SharedSpace(config.space)

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Build the network from the sizes in its weights file."""
        return cls(EncodersConfig.from_config(config))

    def begin_sharing(self) -> None:
        """Initialise the copies from the encoders; the tower has full rank."""
        self.config = replace(self.config, shared_rank=1.0)
        device = self.space.tau.device
        self.shared_audio = SoundTower(self.config.audio).train(self.training).to(device)
        self.shared_audio.load_state_dict(self.audio.tower.state_dict())
        self.shared_imu.load_state_dict(self.imu.state_dict())

    def seconds(self, mel: Tensor) -> Tensor:
        """(B, 50·n, 64) log-mel -> (B, n, 2, 512), the mean and largest maps of each second.

        Raises `SoundShapeError` for other shapes.
        """
        seconds = self.shared_audio.seconds(self.audio.low(in_seconds(mel)))  # (B·n, 2, 512)
        return seconds.view(len(mel), -1, *seconds.shape[1:])

    def encode_seconds(self, seconds: Tensor) -> Tensor:
        """(B, n, 2, 512) of `seconds` -> the features (B, 256) of n seconds."""
        return self.shared_audio.together(seconds)

    def encode_audio(self, mel: Tensor) -> Encoding:
        """(B, 50·n, 64) log-mel -> features (B, 256), embedding (B, D), logits (B, 54)."""
        named = self.audio(mel)
        features = self.audio_features(mel)
        return Encoding(features, self.space.of_audio(features), named.logits, named.features)

    def encode_imu(self, imu: Tensor) -> Encoding:
        """(B, N, 6) at 50 Hz -> features (B, 128), embedding (B, D), motion logits (B, 4)."""
        named = self.imu(imu)
        features = self.shared_imu(imu).features
        return Encoding(features, self.space.of_imu(features), named.logits, named.features)

    def audio_features(self, mel: Tensor) -> Tensor:
        """(B, 50·n, 64) log-mel -> the features (B, 256) alone."""
        return self.encode_seconds(self.seconds(mel))

    def audio_by_second(self, seconds: Tensor) -> Tensor:
        """(B, n, 2, 512) of `seconds` -> the features (B, n, 256) of each second by itself."""
        return self.encode_seconds(seconds.flatten(0, 1)[:, None]).view(*seconds.shape[:2], -1)

    def imu_by_second(self, imu: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N, 6) at 50 Hz -> `imu_features` (B, 128), and (B, n, 128) of each whole second."""
        tokens = self.shared_imu.tokens(imu)
        output: ImuOutput = self.shared_imu.pool(tokens)
        return output.features, self.shared_imu.seconds(tokens, imu.shape[1])

    def imu_features(self, imu: Tensor) -> Tensor:
        """(B, N, 6) at 50 Hz -> the features (B, 128) alone."""
        features: Tensor = self.shared_imu(imu).features
        return features


ENCODERS = Key("encoders", Encoders.from_config, ("recognised_sounds", "categories", "motions"))


def contrastive_loss(
    logits: Tensor,
    positive: Positive = "sample",
    scenarios: Tensor | None = None,
    *,
    itself: bool = True,
) -> Tensor:
    """Symmetric cross-entropy of the (B, B) logits.

    Args:
        logits: row i holds audio i against every motion.
        positive: "sample" pairs each sound with its own motion only; "scenario" with every
            motion that shares a scenario with it, each an equal share of the target.
        scenarios: (B, K) multi-hot; needed for "scenario".
        itself: whether an item is its own positive; False for pairs within one modality.
    """
    if positive == "sample":
        target = torch.eye(len(logits), dtype=logits.dtype, device=logits.device)  # (B, B)
    elif scenarios is None:
        raise ValueError("positive 'scenario' needs the scenarios (B, K); got none")
    else:
        same = (scenarios @ scenarios.T > 0).to(logits.dtype)  # (B, B)
        same.fill_diagonal_(float(itself))
        target = same / same.sum(dim=1, keepdim=True).clamp(min=1.0)
    if not itself:
        same_item = torch.eye(len(logits), dtype=torch.bool, device=logits.device)
        logits = logits.masked_fill(same_item, -1e4)
    return (cross_entropy(logits, target) + cross_entropy(logits.T, target)) / 2


def _projection(inputs: int, config: SpaceConfig) -> nn.Sequential:
    return nn.Sequential(
        Standardise(inputs),
        nn.Linear(inputs, config.width),
        nn.GELU(),
        nn.Dropout(config.dropout),
        nn.Linear(config.width, config.embedding),
    )
