"""Composed stretches rendered twice for two ears: with and without a far loudspeaker.

The interference gate (EgoLog §4.3) is tuned and evaluated on them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from models.features import Features
from models.research.egolog.days.composed import draw_stretch, labels, stream_features
from models.research.lib.array_cache import load_or_make
from models.simulation.life import planned_sounds

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.simulation.life.plan import Plan
    from models.simulation.rendering.mixer import AudibleEvent
    from models.simulation.sources.material import Material

STRETCH_S = 60
STRETCHES = 48
SEED = 17_000


@dataclass(frozen=True)
class DisturbedDays:
    """N stretches of L seconds.

    `clean_mel` (N, 50·L, 64) and `clean_maps` (N, L, 3, 50, 64) float16 contain the wearer's own
    sounds only, `mel` and `maps` the loudspeaker as well. `near` (N, L) bool marks the seconds in
    which one of the wearer's own sounds is audible. `imu` (N, 50·L, 6) float32 and `activities`
    (N, L) index are the same in both.
    """

    clean_mel: NDArray[np.float16]
    clean_maps: NDArray[np.float16]
    mel: NDArray[np.float16]
    maps: NDArray[np.float16]
    near: NDArray[np.bool_]
    imu: NDArray[np.float32]
    activities: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.mel)

    @property
    def seconds(self) -> int:
        """Length of every stretch."""
        return int(self.activities.shape[1])


def compose(
    seed: int,
    material: Material,
    cache: Path | None,
    count: int = STRETCHES,
    *,
    loudspeaker: bool = True,
) -> DisturbedDays:
    """Return `count` stretches, cached in the folder `cache`.

    Without the loudspeaker the same stretches have their own days' far sounds instead.
    """
    kind = "disturbed" if loudspeaker else "ordinary"
    name = f"{kind}-{material.name}-{seed}-{count}x{STRETCH_S}"
    columns = [field.name for field in fields(DisturbedDays)]

    def make() -> dict[str, NDArray[np.generic]]:
        features = Features()
        made = [
            _stretch(
                np.random.default_rng([SEED + seed, index]), index, material, features, loudspeaker
            )
            for index in tqdm(range(count), desc=name, mininterval=5)
        ]
        return {column: np.stack([getattr(one, column) for one in made]) for column in columns}

    return DisturbedDays(**load_or_make(cache / name if cache is not None else None, columns, make))


def _stretch(
    rng: Generator, index: int, material: Material, features: Features, loudspeaker: bool
) -> DisturbedDays:
    """One stretch, without the leading N."""
    part = draw_stretch(rng, STRETCH_S, material, index=index, mono=False)
    quiet, loud = plans(part.plan, rng)
    if not loudspeaker:
        loud = part.plan
    own = part.stage.playing(quiet.sounds)
    clean_mel, clean_maps = stream_features(own.audio(0, STRETCH_S), features)
    mel, maps = stream_features(part.stage.playing(loud.sounds).audio(0, STRETCH_S), features)
    return DisturbedDays(
        clean_mel,
        clean_maps,
        mel,
        maps,
        _audible(own.audible_events(0, STRETCH_S)),
        part.stage.imu(0, STRETCH_S),
        labels(part, STRETCH_S)[2],
    )


def plans(plan: Plan, rng: Generator) -> tuple[Plan, Plan]:
    """Return plans with the wearer's own sounds only, and with a continuous far loudspeaker."""
    near = [event for event in plan.sounds if event.near]
    room = plan.scenarios[0].room
    far = planned_sounds.interferers(rng, 0, plan.seconds, room, share=1.0)
    both = sorted([*near, *far], key=lambda event: (event.start_s, event.stop_s, event.take))
    return replace(plan, sounds=tuple(near)), replace(plan, sounds=tuple(both))


def _audible(events: Iterable[AudibleEvent]) -> NDArray[np.bool_]:
    near = np.zeros(STRETCH_S, dtype=bool)
    near[[event.second for event in events]] = True
    return near
