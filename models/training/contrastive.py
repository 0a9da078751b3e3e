"""Trains the space that sound and motion share (EgoLog §4.1.2) above the frozen encoders."""

from __future__ import annotations

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from models.contrastive import Positive, SharedSpace, SpaceConfig, contrastive_loss
from models.training.encoded import SEGMENT_S, EncodedDays
from models.training.fit import Fit, fit

BATCH = 256
NOISE = 0.1
# Of each stretch's scenario the label is what its own second says.
_RETRIEVED_AMONG = 32


def train(
    days: EncodedDays, check: EncodedDays, positive: Positive, settings: Fit, seed: int
) -> SharedSpace:
    """Return a space trained with one of the paper's two definitions of a positive pair."""
    torch.manual_seed(seed)
    space = SharedSpace(SpaceConfig(audio=days.audio.shape[2], imu=days.imu.shape[2]))
    spread = (days.audio.std(), days.imu.std())

    def loss_of(rng: Generator) -> Tensor:
        audio, imu, scenarios = _pairs(days, rng)
        audio = audio + torch.randn_like(audio) * spread[0] * NOISE
        imu = imu + torch.randn_like(imu) * spread[1] * NOISE
        logits = space.logits(space.of_audio(audio), space.of_imu(imu))
        return contrastive_loss(logits, positive, scenarios)

    def score_of() -> float:
        rng = np.random.default_rng(0)
        losses = []
        for _ in range(8):
            audio, imu, scenarios = _pairs(check, rng)
            logits = space.logits(space.of_audio(audio), space.of_imu(imu))
            losses.append(-float(contrastive_loss(logits, positive, scenarios)))
        return float(np.mean(losses))

    fitted = fit(f"contrastive, {positive}", space, loss_of, score_of, settings, seed)
    print(f"contrastive, {positive}: validation loss {-fitted.score:.3f}")
    return space


def retrieval(space: SharedSpace, days: EncodedDays, seed: int = 0) -> float:
    """Share of sounds whose own motion is the most similar of 32 from different stretches."""
    rng = np.random.default_rng(seed)
    hits = []
    with torch.inference_mode():
        for _ in range(64):
            rows = rng.permutation(len(days))[:_RETRIEVED_AMONG]
            at = rng.integers(0, days.audio.shape[1], len(rows))
            logits = space.logits(
                space.of_audio(days.audio[rows, at]), space.of_imu(days.imu[rows, at])
            )
            hits.append((logits.argmax(1) == torch.arange(len(rows))).float().mean())
    return float(torch.stack(hits).mean())


def _pairs(days: EncodedDays, rng: Generator) -> tuple[Tensor, Tensor, Tensor]:
    rows = rng.integers(0, len(days), BATCH)
    at = rng.integers(0, days.audio.shape[1], BATCH)
    scenarios = days.scenarios[rows, at + SEGMENT_S // 2]
    return days.audio[rows, at], days.imu[rows, at], scenarios
