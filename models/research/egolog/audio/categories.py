"""Classification of whole clips into ESC-50's categories, and its top-1 accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.egolog.audio_encoder import MIN_STEPS, SoundEncoder
from models.features import Features
from models.recordings.datasets.esc50 import Clip, log_mel, waveform

if TYPE_CHECKING:
    from collections.abc import Sequence

RATE = 16_000


def sounding(mel: Tensor) -> Tensor:
    """(T, 64) -> the part up to the last whole second that is not silent, at least one second.

    ESC-50 pads short clips with zeros, which no microphone delivers.
    """
    loud = torch.nonzero(mel.amax(dim=1) > 0)
    stop = int(loud[-1]) + 1 if len(loud) else len(mel)
    return mel[: max(MIN_STEPS, -(-stop // MIN_STEPS) * MIN_STEPS)]


def clip_logits(encoder: SoundEncoder, mel: Tensor) -> Tensor:
    """Return logits (B, 50) of clips (B, T, 64) float32, each without trailing silence."""
    return torch.cat([encoder(sounding(clip)[None]).categories for clip in mel])


def predict_categories(encoder: SoundEncoder, clips: Sequence[Clip]) -> list[int]:
    """Return the index of every clip's likeliest category, starting from the file."""
    features = Features()
    categories = []
    with torch.inference_mode():
        for clip in clips:
            mel = log_mel(waveform(clip), RATE, features).astype(np.float32)
            categories.append(int(clip_logits(encoder, torch.from_numpy(mel)[None]).argmax()))
    return categories


def top1(encoder: SoundEncoder, clips: Sequence[Clip]) -> float:
    """Return the share of clips whose likeliest category is theirs."""
    categories = predict_categories(encoder, clips)
    return sum(at == clip.category for at, clip in zip(categories, clips, strict=True)) / len(clips)
