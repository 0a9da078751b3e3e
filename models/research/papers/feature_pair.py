"""A pair of frozen encoders, of sound and of motion, as features for trainable heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from models.egolog.audio_tagger.efficientat import EfficientAT
from models.features import Features
from models.network.published_weights import PretrainedError
from models.research.papers.pretrained import open_encoder
from models.research.papers.pretrained.limu_bert import LimuBert

if TYPE_CHECKING:
    from models.egolog.contrastive import Encoders

AUDIO_RATE = 16_000


class FeatureEncoder(Protocol):
    """Sound (B, n) at 16 kHz or motion (B, N, 6) at 50 Hz to features (B, `width`)."""

    @property
    def width(self) -> int:
        """Number of features."""

    def __call__(self, values: Tensor) -> Tensor:
        """Return (B, width)."""


@dataclass(frozen=True)
class FeaturePair:
    """An encoder of sound and one of motion; `name` says which, for the tables' heads."""

    name: str
    audio: FeatureEncoder
    imu: FeatureEncoder


class OurSound:
    """Our own sound encoder on the pipeline's log-mel, computed a second at a time."""

    def __init__(self, encoders: Encoders) -> None:
        self._encoder = encoders.audio
        self._features = Features()
        self.width = encoders.config.audio.features

    def __call__(self, values: Tensor) -> Tensor:
        """(B, n) at 16 kHz, whole seconds -> (B, width)."""
        waves: Any = values.numpy().reshape(len(values), -1, AUDIO_RATE)
        whole = np.ones(AUDIO_RATE, bool)
        mel = [
            np.concatenate(
                [self._features.audio(s[None], AUDIO_RATE, whole)["mel"] for s in seconds]
            )
            for seconds in waves
        ]
        features: Tensor = self._encoder(
            torch.from_numpy(np.stack(mel).astype(np.float32))
        ).features
        return features


class OurMotion:
    """Our own motion encoder."""

    def __init__(self, encoders: Encoders) -> None:
        self._encoder = encoders.imu
        self.width = encoders.config.imu.features

    def __call__(self, values: Tensor) -> Tensor:
        """(B, N, 6) at 50 Hz -> (B, width)."""
        features: Tensor = self._encoder(values).features
        return features


class _PublishedEncoder:
    def __init__(self, module: EfficientAT | LimuBert) -> None:
        self._module: nn.Module = module
        self.width = module.width

    def __call__(self, values: Tensor) -> Tensor:
        features: Tensor = self._module(values).features
        return features


def feature_pair(
    encoders: Encoders | None, audio: str | None = None, imu: str | None = None
) -> FeaturePair:
    """Return our encoders, or those that the specifications `audio` and `imu` name instead.

    `encoders` may be None when both are named. Raises
    `models.network.published_weights.PretrainedError`, also for an encoder of the wrong
    modality.
    """
    names = [audio or "ours", imu or "ours"]
    sound: FeatureEncoder | None = OurSound(encoders) if encoders is not None else None
    motion: FeatureEncoder | None = OurMotion(encoders) if encoders is not None else None
    if audio is not None:
        module = open_encoder(audio)
        if not isinstance(module, EfficientAT):
            raise PretrainedError(f"encoder {audio!r} does not hear; expected efficientat:PATH")
        sound = _PublishedEncoder(module)
    if imu is not None:
        module = open_encoder(imu)
        if not isinstance(module, LimuBert):
            raise PretrainedError(f"encoder {imu!r} does not feel motion; expected limu-bert:PATH")
        motion = _PublishedEncoder(module)
    if sound is None or motion is None:
        raise PretrainedError("no encoders are given; expected ours, or one of each modality")
    return FeaturePair(" + ".join(name.partition(":")[0] for name in names), sound, motion)
