"""Training the recogniser: teacher, distillation, heads, and the bias for speech."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.recordings.shared_data import EFFICIENTAT
from models.research.egolog.recogniser import heads
from models.research.egolog.recogniser.check import (
    CheckMaterial,
    figures,
    with_rare_false_speech,
)
from models.research.egolog.recogniser.distil import Distillation, distil_encoder, fine_tuned
from models.research.egolog.recogniser.recordings import read_recordings
from models.research.egolog.recogniser.scenes import Scenes
from models.research.egolog.recogniser.teacher import Teacher

if TYPE_CHECKING:
    from pathlib import Path

    from models.egolog.audio_encoder import SoundEncoder

GPU_BATCH = 256


def train(encoder: SoundEncoder, data: Path, minutes: float, seed: int) -> SoundEncoder:
    """Return a copy of `encoder` that has learned from the training part of `data`.

    Validation figures are printed during training; the bias for speech is set on the same clips.
    It is trained on a GPU if there is one.
    """
    gpu = torch.cuda.is_available()
    check = CheckMaterial.read(data, "validation")
    scenes = Scenes(read_recordings(data, "train", seed), torch.device("cuda" if gpu else "cpu"))
    settings = Distillation(minutes, batch=GPU_BATCH) if gpu else Distillation(minutes)
    teacher = fine_tuned(Teacher.read(data / EFFICIENTAT), scenes, settings, seed)
    student = distil_encoder(
        encoder, teacher, scenes, settings, seed, lambda mean: str(figures(mean, check))
    )
    heads.fit(student, heads.encode_scenes(student, scenes, seed))
    with_rare_false_speech(student, check)
    return student.requires_grad_(False)
