"""Label-preserving augmentations of a log-mel, each drawn per item of a batch.

All take and return (B, T, 64) in nats above the floor, where powers add by `logaddexp`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.research.egolog.augment import vary_microphone

if TYPE_CHECKING:
    from numpy.random import Generator

NATS_PER_DB = float(np.log(10) / 10)
MASK_SHARE = 0.5
LONGEST_MASK = 0.12  # of the item
WIDEST_MASK = 8  # mels
MAX_SHIFTED = 3.0  # mels
NOISE_SHARE = 0.3
SMEAR_SHARE = 0.2


def augment(mel: Tensor, rng: Generator) -> Tensor:
    """Change pitch, room, microphone and noise floor, and mask parts (SpecAugment)."""
    return mask_parts(
        add_noise(vary_microphone(reverberate(shift_pitch(mel, rng), rng), rng), rng), rng
    )


def shift_pitch(mel: Tensor, rng: Generator) -> Tensor:
    """Shift items of log-mels (B, T, 64) up or down by up to three mels, interpolated."""
    batch, steps, bins = mel.shape
    shift = rng.uniform(-MAX_SHIFTED, MAX_SHIFTED, batch) * (rng.random(batch) < 0.5)
    at = np.clip(np.arange(bins)[None] - shift[:, None], 0, bins - 1)
    low = np.minimum(at.astype(np.int64), bins - 2)
    part = torch.from_numpy((at - low).astype(np.float32))[:, None]
    index = torch.from_numpy(low)[:, None].expand(batch, steps, bins)
    return mel.gather(2, index) * (1 - part) + mel.gather(2, index + 1) * part


def reverberate(mel: Tensor, rng: Generator) -> Tensor:
    """Add reverberation to some of log-mels (B, T, 64): power decays into the steps after it."""
    out = mel.clone()
    for item in np.flatnonzero(rng.random(len(mel)) < SMEAR_SHARE):
        rt60_s = rng.uniform(0.2, 0.9)
        fall = 13.8 * 0.02 / rt60_s  # nats of power a step; 60 dB are 13.8
        level = rng.uniform(-3.0, 0.0)
        tail = mel[item]
        for lag in (1, 2, 4, 8, 16):
            # Doubling lags sum the whole decay in five steps.
            later = torch.zeros_like(tail)
            later[lag:] = (tail[:-lag] - fall * lag).clamp(min=0.0)
            tail = torch.logaddexp(tail, later)
        out[item] = torch.logaddexp(mel[item], (tail + level + np.log(fall)).clamp(min=0.0))
    return out


def add_noise(mel: Tensor, rng: Generator) -> Tensor:
    """Add stationary noise to some of log-mels (B, T, 64), 5 to 40 dB below their mean."""
    steps, bins = mel.shape[1:]
    out = mel.clone()
    items = np.flatnonzero(rng.random(len(mel)) < NOISE_SHARE)
    octave = np.linspace(0, np.pi, bins)
    shapes = np.stack([np.cos(k * octave) for k in range(3)])
    tilt = rng.normal(0, 1, (len(items), 3)) @ shapes
    below = rng.uniform(5, 40, (len(items), 1)) * NATS_PER_DB
    floor = mel[items].amax(dim=1).mean(dim=1).numpy()[:, None] - below + tilt
    # The power of noise in a band of a few bins is gamma distributed.
    flicker = rng.standard_gamma(4.0, (len(items), steps, bins), dtype=np.float32) / 4
    noise = np.maximum(floor[:, None] + np.log(flicker), 0.0).astype(np.float32)
    out[items] = torch.logaddexp(mel[items], torch.from_numpy(noise))
    return out


def mask_parts(mel: Tensor, rng: Generator) -> Tensor:
    """Mask up to two time spans and two bands of most of log-mels (B, T, 64) with their mean."""
    batch, steps, bins = mel.shape
    keep = np.ones((batch, steps, bins), dtype=bool)
    for item in np.flatnonzero(rng.random(batch) < MASK_SHARE):
        for _ in range(2):
            length = int(rng.integers(0, int(LONGEST_MASK * steps) + 1))
            start = int(rng.integers(0, steps - length + 1))
            keep[item, start : start + length] = False
            width = int(rng.integers(0, WIDEST_MASK + 1))
            start = int(rng.integers(0, bins - width + 1))
            keep[item, :, start : start + width] = False
    return torch.where(torch.from_numpy(keep), mel, mel.mean(dim=(1, 2), keepdim=True))


def loudness(mel: Tensor) -> Tensor:
    """(B, T, 64) -> (B,) nats: the power of the loudest third of the steps."""
    power = mel.logsumexp(dim=2)  # (B, T)
    count = max(1, mel.shape[1] // 3)
    return power.topk(count, dim=1).values.logsumexp(dim=1) - float(np.log(count))


def between(first: Tensor, second: Tensor, above_db: Tensor) -> Tensor:
    """Mix in power so that `first` is `above_db` (B,) louder (between-class learning)."""
    change = loudness(first) - loudness(second) - above_db * NATS_PER_DB
    quiet = second + change[:, None, None]
    # Silence has no level to change.
    quiet = torch.where(second > 0, quiet.clamp(min=0.0), second)
    return torch.logaddexp(first, quiet)
