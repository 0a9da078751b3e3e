"""Trains the near-field mask on mixtures of near and far sounds with known powers."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from models.egolog.near_field import NearField
from models.features import Features
from models.network.low_precision import low_precision
from models.research.egolog.augment import mirrored_maps
from models.research.egolog.localization.seconds import (
    BEFORE_S,
    SECONDS,
    Surroundings,
    event,
    make_mixer,
    some_room,
)
from models.research.egolog.localization.training import vary_microphones
from models.research.lib.array_cache import load_or_make
from models.research.lib.fit import Fit, FitResult, fit
from models.simulation.acoustics.sounds import FS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.simulation.life.plan import SoundEvent

BATCH = 48
FAR_DB = (-5.0, 15.0)
"""Level of a far sound relative to the near ones."""
CLIPS = 2500
VALIDATION_CLIPS = 250
_ALONE = 0.12  # share of clips without near sounds; as many have no far sounds
_FLOOR_NATS = 3.0  # bins below this level above the floor are ignored


@dataclass(frozen=True)
class Shares:
    """N seconds: `maps` (N, 3, 50, 64) float16, and the near field's `share` of their power
    (N, 50, 64) float16 in [0, 1].
    """

    maps: NDArray[np.float16]
    share: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.maps)


def shares(around: Surroundings, seed: int, count: int, cache: Path | None) -> Shares:
    """Return the seconds of `count` clips of 2 s, cached in `cache`."""
    name = f"near-{around.name}-{seed}-{count}"
    columns = [f.name for f in fields(Shares)]

    def make() -> dict[str, NDArray[np.float16]]:
        features = Features()
        made = [
            clip(around, np.random.default_rng([around.stream, seed, number, 1]), features)
            for number in tqdm(range(count), desc=name, mininterval=5)
        ]
        return {c: np.concatenate([getattr(part, c) for part in made]) for c in columns}

    return Shares(**load_or_make(cache / name if cache is not None else None, columns, make))


def clip(around: Surroundings, rng: Generator, features: Features) -> Shares:
    """Render near and far sounds together, far ones at −5 to +15 dB relative to the near."""
    turning = around.motions.draw(rng, BEFORE_S + SECONDS)
    mixer = make_mixer(around, rng, turning, _events(around, rng))
    start, stop = BEFORE_S, BEFORE_S + SECONDS
    near = np.zeros((2, SECONDS * FS), np.float32)
    for sounding, wave in mixer.parts(start, stop):
        if sounding.near:
            near += wave
    mixture = mixer.audio(start, stop)
    there = np.ones(FS, dtype=bool)

    def seconds(wave: NDArray[np.float32], name: str) -> NDArray[np.float16]:
        cuts = [wave[:, s * FS : (s + 1) * FS] for s in range(SECONDS)]
        return np.stack([features.audio(cut, FS, there)[name] for cut in cuts])

    # Powers of independent sounds add, so the two shares add up to one.
    powers = [np.expm1(seconds(w, "mel").astype(np.float64)) for w in (near, mixture - near)]
    share = powers[0] / np.maximum(powers[0] + powers[1], 1e-12)
    return Shares(seconds(mixture, "maps"), share.astype(np.float16))


def _events(around: Surroundings, rng: Generator) -> list[SoundEvent]:
    room = some_room(rng)
    alone = rng.random()
    near = 0 if alone < _ALONE else int(rng.integers(1, 3))
    far = 0 if alone > 1 - _ALONE else int(rng.integers(1, 3))
    events = [event(around, rng, room, near=True) for _ in range(near)]
    level = float(np.mean([e.level_db for e in events])) if events else -27.0
    for _ in range(far):
        beside = float(np.clip(level + rng.uniform(*FAR_DB), -45, -12))
        events.append(replace(event(around, rng, room, near=False), level_db=beside))
    return events


def loss_of(network: NearField, seconds: Shares, rng: Generator, batch: int = BATCH) -> Tensor:
    """Draw a batch and return its loss; bins are weighted by their level above the floor."""
    rows = rng.integers(0, len(seconds), batch)
    maps = torch.from_numpy(seconds.maps[rows].astype(np.float32))
    share = torch.from_numpy(seconds.share[rows].astype(np.float32))
    half = batch // 2
    maps = torch.cat([mirrored_maps(maps[:half]), maps[half:]])
    weight = weights_of(maps)
    maps = torch.cat([vary_microphones(maps[:, :2], rng), maps[:, 2:]], dim=1)
    with low_precision():
        logits = network(maps)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        logits.float(), share, reduction="none"
    )
    return (loss * weight).sum() / weight.sum()


def weights_of(maps: Tensor) -> Tensor:
    """Return each bin's weight (B, T, 64), its nats above silence, for `maps` (B, 3, T, 64)."""
    return (maps[:, :2].mean(dim=1) - _FLOOR_NATS).clamp(min=0.0)


def predict(network: NearField, seconds: Shares) -> NDArray[np.float32]:
    """Return the predicted shares (N, 50, 64)."""
    out = []
    with torch.inference_mode():
        for start in range(0, len(seconds), 64):
            maps = torch.from_numpy(seconds.maps[start : start + 64].astype(np.float32))
            out.append(network.share(maps))
    return torch.cat(out).numpy()


def error_of(predicted: NDArray[np.float32], seconds: Shares) -> float:
    """Return the mean absolute error of shares (N, 50, 64), with bins weighted as in training."""
    weight = weights_of(torch.from_numpy(seconds.maps.astype(np.float32))).numpy()
    wrong = np.abs(predicted - seconds.share.astype(np.float32))
    return float((wrong * weight).sum() / weight.sum())


def train(data: Path, cache: Path, settings: Fit, seed: int, clips: int = CLIPS) -> NearField:
    """Return a trained network; `data` is laid out like the shared recordings."""
    torch.manual_seed(seed)
    train_on = shares(Surroundings.read(data, "train"), 0, clips, cache)
    kept = shares(Surroundings.read(data, "validation"), 0, VALIDATION_CLIPS, cache)
    network = NearField()
    fitted: FitResult = fit(
        "near_field",
        network,
        lambda rng: loss_of(network, train_on, rng),
        lambda: -error_of(predict(network, kept), kept),
        settings,
        seed,
    )
    constant = np.full(kept.share.shape, kept.share.astype(np.float32).mean(), np.float32)
    print(
        f"near_field: validation, error of the share {-fitted.score:.3f} "
        f"(without looking {error_of(constant, kept):.3f})"
    )
    return network
