"""Fits the sound-event layer to labels by logistic regression, with a frozen tower.

Distillation from softened targets leaves the probabilities too close together; the regression
recalibrates them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as binary_cross_entropy
from tqdm import tqdm

from models.network.low_precision import low_precision
from models.research.egolog.recogniser.distil import draw_scenes
from models.research.egolog.recogniser.log_mel import LogMel

if TYPE_CHECKING:
    from models.egolog.audio_encoder import SoundEncoder
    from models.research.egolog.recogniser.scenes import Scenes

BATCHES, BATCH = 96, 24
PULL = 0.01
"""Strength of the L2 regularisation; chosen on validation."""


@dataclass(frozen=True)
class EncodedScenes:
    """Features (N, F) of scenes with their labels `sounds` and `known` (N, 54), as in `Scene`."""

    features: Tensor
    sounds: Tensor
    known: Tensor


@torch.inference_mode()
def encode_scenes(encoder: SoundEncoder, scenes: Scenes, seed: int) -> EncodedScenes:
    """Return the tower's features of `BATCHES` new batches of scenes."""
    rng = np.random.default_rng([seed, 3])
    log_mel, listening = LogMel().to(scenes.device), encoder.to(scenes.device).eval()
    parts: list[tuple[Tensor, Tensor, Tensor]] = []
    for _ in tqdm(range(BATCHES), desc="heads", mininterval=5):
        scene = draw_scenes(scenes, BATCH, rng)
        with low_precision(device=scenes.device.type):
            features = listening.tower(listening.low(log_mel(scene.wave)))
        parts.append((features.float().cpu(), scene.sounds.cpu(), scene.known.cpu()))
    encoder.cpu()
    return EncodedScenes(*(torch.cat(part) for part in zip(*parts, strict=True)))


def fit(encoder: SoundEncoder, scenes: EncodedScenes) -> None:
    """Set the sound-event layer in place, fitting each sound to its known labels."""
    # Tensors of inference mode cannot take part in training.
    features, sounds, known = scenes.features.clone(), scenes.sounds.clone(), scenes.known.clone()
    mean, deviation = features.mean(0), features.std(0) + 1e-3
    scaled = (features - mean) / deviation
    labelled = known.sum(dim=0).clamp(min=1)
    weight = torch.zeros(sounds.shape[1], features.shape[1], requires_grad=True)
    # Most sounds are absent.
    bias = torch.full((sounds.shape[1],), -3.0, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=300, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        apart = binary_cross_entropy(scaled @ weight.T + bias, sounds, reduction="none")
        loss = ((apart * known).sum(dim=0) / labelled).sum() + PULL * weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    own = weight.detach() / deviation
    with torch.no_grad():
        encoder.events.weight.copy_(own)
        encoder.events.bias.copy_(bias.detach() - own @ mean)
