"""Simulated clips as the features that the networks see, cached on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from models.features import Features
from models.simulate.clips import Clip, activity_clip, scenario_clip, spatial_clip
from models.simulate.ears import Ears
from models.simulate.sounds import SoundSource, synthesise

Kind = Literal["scenario", "activity", "spatial"]

RATE = 16_000
IMU_RATE = 50
_MAKERS: dict[Kind, Callable[..., Clip]] = {
    "scenario": scenario_clip,
    "activity": activity_clip,
    "spatial": spatial_clip,
}
# Real ears take turns with drawn ones.
_REAL_EARS_SHARE = 0.6


@dataclass(frozen=True)
class Clips:
    """N clips of S seconds.

    `maps` (N, S, 3, 50, 64) float16, `mel` (N, 50·S, 64) float16, `imu` (N, 50·S, 6) float32,
    labels as in `models.simulate.clips.Clip` with a leading N.
    """

    maps: NDArray[np.float16]
    mel: NDArray[np.float16]
    imu: NDArray[np.float32]
    scenarios: NDArray[np.float32]
    activities: NDArray[np.int64]
    events: NDArray[np.float32]
    motions: NDArray[np.int64]
    regions: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.mel)


@dataclass(frozen=True)
class Material:
    """What the simulator plays and hears with: synthesised and drawn, or recorded as well."""

    name: str = "synthetic"
    sounds: SoundSource = synthesise
    ears: Sequence[Ears] = ()


def clips(kind: Kind, seeds: range, material: Material, cache: Path) -> Clips:
    """Return the clips of `seeds`, from the folder `cache` where they were made before."""
    name = f"{kind}-{material.name}-{seeds.start}-{len(seeds)}"
    folder = cache / name
    if not folder.is_dir():
        features = Features()
        made = [
            _features(_draw(kind, seed, material), features)
            for seed in tqdm(seeds, desc=name, mininterval=5)
        ]
        partial = cache / f"{name}.partial"
        partial.mkdir(parents=True, exist_ok=True)
        for field in fields(Clips):
            stacked = np.stack([getattr(item, field.name) for item in made])
            np.save(partial / f"{field.name}.npy", stacked)
        partial.rename(folder)
    return Clips(**{f.name: np.load(folder / f"{f.name}.npy") for f in fields(Clips)})


def joined(parts: Sequence[Clips]) -> Clips:
    """Concatenate clips of equal length."""
    return Clips(
        **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Clips)}
    )


def _draw(kind: Kind, seed: int, material: Material) -> Clip:
    rng = np.random.default_rng([seed, 7])
    ears = None
    if material.ears and rng.random() < _REAL_EARS_SHARE:
        ears = material.ears[int(rng.integers(len(material.ears)))]
    return _MAKERS[kind](rng, sounds=material.sounds, ears=ears)


def _features(clip: Clip, features: Features) -> Clips:
    """One clip's features and labels, without the leading N."""
    seconds = len(clip.regions)
    # Recordings arrive as 16-bit samples, so training sees their rounding too.
    audio = np.round(clip.audio * 32767).astype(np.float32) / np.float32(32768)
    heard = [
        features.audio(audio[:, s * RATE : (s + 1) * RATE], RATE, np.ones(RATE, dtype=bool))
        for s in range(seconds)
    ]
    return Clips(
        maps=np.stack([part["maps"] for part in heard]),
        mel=np.concatenate([part["mel"] for part in heard]),
        imu=clip.imu,
        scenarios=clip.scenarios,
        activities=clip.activities,
        events=clip.events,
        motions=clip.motions,
        regions=clip.regions,
    )
