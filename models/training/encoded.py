"""Clips seen through trained encoders: what the scenario and the activity networks learn from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from models.contrastive import Encoders
from models.scenario import Segments
from models.training.augment import coloured, remounted


def segments_of(
    encoders: Encoders,
    mel: NDArray[np.float16],
    imu: NDArray[np.float32],
    segment: int = 100,
    rng: Generator | None = None,
) -> Segments:
    """Encode clips (N, T, 64) and (N, T, 6) segment by segment, augmented if `rng` is given."""
    parts: list[tuple[Tensor, ...]] = []
    with torch.inference_mode():
        for sound, motion in _blocks(mel, imu, segment):
            heard = encoders.audio(coloured(sound, rng) if rng is not None else sound)
            moved = encoders.imu(remounted(motion, rng) if rng is not None else motion)
            parts.append((heard.features, heard.embedding, moved.features, moved.embedding))
    count = mel.shape[1] // segment
    columns = [torch.cat(column).clone() for column in zip(*parts, strict=True)]
    shaped = [column.view(len(mel), count, -1) for column in columns]
    present = torch.ones(len(mel), count, dtype=torch.bool)
    return Segments(shaped[0], shaped[1], present, shaped[2], shaped[3], present)


def _blocks(
    mel: NDArray[np.float16], imu: NDArray[np.float32], segment: int
) -> Iterator[tuple[Tensor, Tensor]]:
    count = mel.shape[1] // segment
    for start in range(0, len(mel), 8):
        sound = torch.from_numpy(mel[start : start + 8, : count * segment].astype(np.float32))
        motion = torch.from_numpy(imu[start : start + 8, : count * segment])
        yield sound.reshape(-1, segment, 64), motion.reshape(-1, segment, 6)
