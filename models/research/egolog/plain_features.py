"""Adapts the ablation without the contrastive stage to an encoder that was trained further.

Its first layer is linear in the encoder's features, so the least-squares map from the new features
to the old ones is merged into that layer; nothing else changes.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import Tensor, nn

from models.research.egolog.days.encoded import SEGMENT_S

if TYPE_CHECKING:
    from models.egolog.contrastive import Encoders
    from models.egolog.scenario import ScenarioNet
    from models.research.egolog.days.composed import Days

RIDGE = 1.0
SEGMENTS = 3_000
_FRAMES = 50
_AT_ONCE = 250


Modality = Literal["audio", "imu"]


def draw_segments(days: Days, modality: Modality, seed: int) -> Tensor:
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
    """Return a network whose output on new features approximates that of `network` on old ones.

    `before` and `after` (N, F) are old and new features of the same segments. A row holds sound
    features, then motion features, then whether each of both modalities was present.
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
