"""Recordings made up of tones, and a small encoder, for training that takes no time."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from models.egolog.audio_encoder import SoundEncoder, SoundEncoderConfig
from models.labels import CATEGORIES, RECOGNISED_SOUNDS
from models.research.egolog.recogniser.recordings import LabelledWave
from models.research.egolog.recogniser.scenes import Scenes

SMALL = SoundEncoderConfig(stem=8, stages=((16, 1, 2, 2), (32, 1, 2, 2)), maps=64, features=32)
TONES = {"dog": 400, "speech": 1600, "siren": 5000}


def recording(sound: str, hertz: int, seconds: float = 5.0) -> LabelledWave:
    """Return a tone: dogs and sirens have categories; dogs and speech are unknown beside a dog."""
    beside = ("dog", "speech") if sound == "dog" else ()
    at = np.arange(int(seconds * 16_000)) / 16_000
    return LabelledWave(
        "speech" if sound == "speech" else "clips",
        (0.3 * np.sin(2 * np.pi * hertz * at)).astype(np.float32),
        CATEGORIES.index(sound) if sound in CATEGORIES else -1,
        RECOGNISED_SOUNDS.index(sound),
        tuple(map(RECOGNISED_SOUNDS.index, beside)),
    )


@cache
def scenes() -> Scenes:
    """Return scenes of the tones."""
    return Scenes([recording(*tone) for tone in TONES.items()], torch.device("cpu"))


def encoder() -> SoundEncoder:
    """Return a small encoder that nobody trained."""
    torch.manual_seed(0)
    return SoundEncoder(SMALL).eval()
