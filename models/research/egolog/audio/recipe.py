"""Training the shipped sound encoder from a folder of recordings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.recordings.shared_data import ESC50, SPEECH
from models.research.egolog.audio import clips, encoder
from models.research.egolog.audio.encoder import SoundFit
from models.simulation.sources.measured import read_speech

if TYPE_CHECKING:
    from models.egolog.audio_encoder import SoundEncoder

YAMNET = Path("reference") / "yamnet.tflite"


def train_shipped(
    data: Path, cache: Path, minutes: float, seed: int, start: SoundEncoder | None = None
) -> SoundEncoder:
    """Return a sound encoder trained on the training part of ESC-50 and of the speech in `data`.

    YAMNet is a teacher if its file exists. Training continues from `start`, if given, with a new
    learning-rate schedule. Raises `Esc50Error` if the clips are missing.
    """
    teacher = data / YAMNET
    drawn = clips.pools(
        data / ESC50,
        teacher if teacher.is_file() else None,
        cache,
        read_speech(data / SPEECH, "train"),
    )
    return encoder.train(drawn, SoundFit(minutes), seed, start)
