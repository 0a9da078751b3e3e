"""Lets the ablation without the contrastive stage read an encoder that was trained on.

Its first layer is linear in the encoder's features, so the linear map that best makes the features
before from those after goes into it; nothing else of it changes, and it is no larger.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import Tensor, nn

from models.research.egolog.encoded_days import SEGMENT_S

if TYPE_CHECKING:
    from models.egolog.contrastive import Encoders
    from models.egolog.scenario import ScenarioNet
    from models.research.egolog.composed_days import Days

RIDGE = 1.0
SEGMENTS = 3_000
_FRAMES = 50
_AT_ONCE = 250


Modality = Literal["audio", "imu"]


def drawn(days: Days, modality: Modality, seed: int) -> Tensor:
    """Return segments drawn from composed days: log-mel (N, 100, 64) or motion (N, 100, 6)."""
    rng = np.random.default_rng(seed)
    stretch = rng.integers(0, len(days), SEGMENTS)
    first = rng.integers(0, days.seconds - SEGMENT_S + 1, SEGMENTS) * _FRAMES
    rows = first[:, None] + np.arange(SEGMENT_S * _FRAMES)
    values = days.mel if modality == "audio" else days.imu
    return torch.from_numpy(values[stretch[:, None], rows].astype(np.float32))


def of(encoders: Encoders, modality: Modality, segments: Tensor) -> Tensor:
    """Return the features (N, F) of segments (N, 100, ...), before the contrastive stage."""
    encode = encoders.encode_audio if modality == "audio" else encoders.encode_imu
    with torch.inference_mode():
        features = torch.cat([encode(part).plain for part in torch.split(segments, _AT_ONCE)])
    return features.clone()


def carried_over(
    network: ScenarioNet, modality: Modality, before: Tensor, after: Tensor
) -> ScenarioNet:
    """Return a network that makes of features after about what `network` made of those before.

    `before` and `after` (N, F) are of the same segments. A row holds the features of sound before
    those of motion, and ends with whether there was sound and whether there was motion.
    """
    made = copy.deepcopy(network)
    first = made.lift[0]
    if not isinstance(first, nn.Linear):
        raise TypeError(f"first layer is {type(first).__name__}; expected Linear")
    width = after.shape[1]
    known = torch.cat([after, torch.ones(len(after), 1)], dim=1).double()
    even = RIDGE * torch.eye(width + 1, dtype=torch.float64)
    fitted = torch.linalg.solve(known.T @ known + even, known.T @ before.double())  # (F + 1, F)
    start, there = (0, -2) if modality == "audio" else (network.config.audio, -1)
    features = slice(start, start + width)
    with torch.no_grad():
        weight = first.weight[:, features].double()  # (H, F)
        first.weight[:, features] = (weight @ fitted[:width].T).float()
        first.weight[:, there] += (weight @ fitted[width]).float()
    return made
