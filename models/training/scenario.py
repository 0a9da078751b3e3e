"""Trains `models.scenario` on windows seen through the trained encoders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from models.contrastive import Encoders
from models.scenario import ScenarioConfig, ScenarioNet, Segments
from models.training.clips import Clips
from models.training.encoded import segments_of
from models.training.fit import Fit, fit
from models.training.metrics import mean_average_precision
from models.training.sources import Sources

BATCH = 64
VARIANTS = 2
CLIPS = {"train": 1800, "validation": 200}
WITHOUT_MODALITY = 0.12
WITHOUT_SEGMENT = 0.3
NOISE = 0.1


@dataclass(frozen=True)
class Windows:
    """Encoded windows (N, S, ...) and their scenarios (N, 16)."""

    segments: Segments
    scenarios: Tensor

    @classmethod
    def of(cls, encoders: Encoders, clips: Clips, rng: Generator | None = None) -> Windows:
        """Encode clips."""
        return cls(
            segments_of(encoders, clips.mel, clips.imu, rng=rng), torch.from_numpy(clips.scenarios)
        )


def take(segments: Segments, rows: Tensor) -> Segments:
    """Return the windows `rows` of `segments`."""
    return Segments(**{name: value[rows] for name, value in vars(segments).items()})


def thinned(segments: Segments, rng: Generator) -> Segments:
    """Drop modalities and segments at random, never everything at once."""
    batch, count = segments.audio_mask.shape
    lost = rng.random(batch)
    audio = np.ones((batch, count), dtype=bool)
    imu = np.ones((batch, count), dtype=bool)
    audio[lost < WITHOUT_MODALITY] = False
    imu[lost > 1 - WITHOUT_MODALITY] = False
    for mask in (audio, imu):
        holed = np.flatnonzero(rng.random(batch) < WITHOUT_SEGMENT)
        for item in holed:
            mask[item, rng.permutation(count)[: int(rng.integers(1, count))]] = False
    empty = ~(audio | imu).any(axis=1)
    audio[empty] = imu[empty] = True
    return replace(segments, audio_mask=torch.from_numpy(audio), imu_mask=torch.from_numpy(imu))


def noisy(segments: Segments, rng: Generator) -> Segments:
    """Jitter the features: the encoders have seen the training clips, but no others."""

    def jitter(values: Tensor) -> Tensor:
        noise = torch.from_numpy(rng.standard_normal(values.shape, dtype=np.float32))
        return values + noise * values.std() * NOISE

    return replace(
        segments,
        audio_features=jitter(segments.audio_features),
        imu_features=jitter(segments.imu_features),
    )


def predict(
    network: ScenarioNet,
    windows: Windows,
    only: Literal["audio", "imu"] | None = None,
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return probabilities (N, 16), from one modality alone if `only` names it."""
    segments = windows.segments
    nothing = torch.zeros_like(segments.audio_mask)
    if only == "audio":
        segments = replace(segments, imu_mask=nothing)
    elif only == "imu":
        segments = replace(segments, audio_mask=nothing)
    rows, _ = network.join(segments)
    return torch.sigmoid(network(rows)).numpy()


def train(
    sources: dict[str, Sources],
    encoders: Encoders,
    settings: Fit,
    seed: int,
    sequence: Literal["transformer", "lstm"] = "transformer",
) -> ScenarioNet:
    """Return a trained network on top of `encoders`, which stay as they are."""
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, 3])
    clips = sources["train"].both("scenario", CLIPS["train"])
    variants = [Windows.of(encoders, clips)] + [
        Windows.of(encoders, clips, rng) for _ in range(VARIANTS - 1)
    ]
    check = Windows.of(encoders, sources["validation"].both("scenario", CLIPS["validation"]))
    network = ScenarioNet(
        ScenarioConfig(
            features=encoders.config.audio.features,
            embedding=encoders.config.audio.embedding,
            sequence=sequence,
        )
    )

    def loss_of(rng: Generator) -> Tensor:
        windows = variants[int(rng.integers(len(variants)))]
        rows = torch.from_numpy(rng.integers(0, len(windows.scenarios), BATCH))
        segments = noisy(thinned(take(windows.segments, rows), rng), rng)
        joined, _ = network.join(segments)
        return torch.nn.functional.binary_cross_entropy_with_logits(
            network(joined), windows.scenarios[rows]
        )

    def score_of() -> float:
        return mean_average_precision(predict(network, check), check.scenarios.numpy())

    fitted = fit("scenario", network, loss_of, score_of, settings, seed)
    print(f"scenario: validation mAP {fitted.score:.3f}")
    return network
