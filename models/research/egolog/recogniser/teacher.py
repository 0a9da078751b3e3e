"""A published network of EfficientAT as teacher, fine-tuned on our labels first."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn
from torchaudio.functional import resample

from models.egolog.audio_tagger import efficientat
from models.labels import CATEGORIES, RECOGNISED_SOUNDS

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class TeacherOutput:
    """A teacher's output for B sounds: logits `sounds` (B, 54) and `categories` (B, 50)."""

    sounds: Tensor
    categories: Tensor


class Teacher(nn.Module):
    """EfficientAT with heads for our labels; `published` is the unchanged original."""

    def __init__(self, published: efficientat.EfficientAT) -> None:
        super().__init__()
        self.published = published
        self.network = copy.deepcopy(published).requires_grad_(True)
        # The copy's own classifier is not used.
        self.network.classifier = nn.Identity()  # type: ignore[assignment]
        width = published.width
        self.drop = nn.Dropout(0.2)
        self.sounds = nn.Linear(width, len(RECOGNISED_SOUNDS))
        self.categories = nn.Linear(width, len(CATEGORIES))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a published file; raises as `models.egolog.audio_tagger.efficientat.load` does."""
        return cls(efficientat.load(path))

    def train(self, mode: bool = True) -> Self:
        """Set the copy's mode; the published network is frozen."""
        super().train(mode)
        self.published.eval()
        return self

    @torch.no_grad()
    def mel(self, wave: Tensor) -> Tensor:
        """(B, n) at 16 kHz -> the log-mel (B, 128, T) that the network takes."""
        at_32k = resample(wave, efficientat.OUR_RATE, efficientat.RATE)
        out: Tensor = self.published.mel(at_32k)
        return out

    def forward(self, mel: Tensor) -> TeacherOutput:
        """(B, 128, T) -> logits of our labels."""
        features = self.drop(self.network.features(mel[:, None]).mean(dim=(2, 3)))
        return TeacherOutput(self.sounds(features), self.categories(features))

    @torch.no_grad()
    def published_output(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 128, T) -> the published network's features (B, width) and AudioSet logits."""
        output = self.published.of_mel(mel)
        return output.features, output.logits
