"""Composed stretches rendered for two ears, with the region of every sound in each second.

The places of sound events (EgoLog §4.4.1) are calibrated and evaluated on them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from models.features import Features
from models.labels import SOUND_EVENTS
from models.research.egolog.days.composed import draw_stretch, stream_features
from models.research.lib.array_cache import load_or_make
from schemas.evidence import REGIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.simulation.sources.material import Material

STRETCH_S = 60
STRETCHES = 32
SEED = 23_000


@dataclass(frozen=True)
class PlacedDays:
    """N stretches of L seconds.

    `mel` (N, 50·L, 64) and `maps` (N, L, 3, 50, 64) float16 are binaural features, `imu`
    (N, 50·L, 6) float32; `sounds` (N, L, 48, 8) bool marks which sound is audible in which region.
    """

    mel: NDArray[np.float16]
    maps: NDArray[np.float16]
    imu: NDArray[np.float32]
    sounds: NDArray[np.bool_]

    @classmethod
    def concatenate(cls, parts: Sequence[PlacedDays]) -> PlacedDays:
        """Return the stretches of several days as one."""
        columns = (field.name for field in fields(cls))
        return cls(*(np.concatenate([getattr(part, c) for part in parts]) for c in columns))

    def __len__(self) -> int:
        return len(self.mel)


def compose(
    seed: int, material: Material, cache: Path | None, count: int = STRETCHES
) -> PlacedDays:
    """Return `count` stretches, cached in the folder `cache`."""
    name = f"placed-{material.name}-{seed}-{count}x{STRETCH_S}"
    columns = [field.name for field in fields(PlacedDays)]

    def make() -> dict[str, NDArray[np.generic]]:
        features = Features()
        made = [
            _stretch(seed, index, material, features)
            for index in tqdm(range(count), desc=name, mininterval=5)
        ]
        return {column: np.stack([getattr(one, column) for one in made]) for column in columns}

    return PlacedDays(**load_or_make(cache / name if cache is not None else None, columns, make))


def _stretch(seed: int, index: int, material: Material, features: Features) -> PlacedDays:
    """One stretch, without the leading N."""
    rng = np.random.default_rng([SEED + seed, index])
    stage = draw_stretch(rng, STRETCH_S, material, index=index, mono=False).stage
    mel, maps = stream_features(stage.audio(0, STRETCH_S), features)
    sounds = np.zeros((STRETCH_S, len(SOUND_EVENTS), len(REGIONS)), dtype=bool)
    for sound in stage.audible_events(0, STRETCH_S):
        sounds[sound.second, SOUND_EVENTS.index(sound.label), REGIONS.index(sound.region)] = True
    return PlacedDays(mel, maps, stage.imu(0, STRETCH_S), sounds)
