"""Localization through responses that were measured in rooms, on which nothing was trained.

The dummy head is static, so there is no motion to compensate; sources are ahead and beside it, so a
prediction behind is an error. All distances are above a metre.

A set of responses is one device: its seconds are processed as in a session that has processed all
of them before, in a seeded order, to estimate the balance of its microphones
(`models.egolog.microphone_balance`). This uses no position, distance or label, and nothing else is
fitted to responses.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.signal import fftconvolve

from models.egolog.localization import LOCALIZATION
from models.egolog.microphone_balance import MicrophoneBalance
from models.features import Features
from models.research.evaluation.localization.rendered import SourceSeconds
from models.simulation.acoustics.sounds import FS
from models.simulation.rendering.mixer import region
from models.simulation.sources.sofa import MeasuredRoom, read_sofa
from schemas.evidence import REGIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.egolog.localization import Localization
    from models.serving.registry import Registry
    from models.simulation.sources.measured import SoundBank

CLIPS = 4
"""Number of sounds at each position."""
LEVEL_DB = (-27.0, 4.0)
NOISE_DB = (-72.0, -56.0)
_STREAM = 7


def rooms(folder: Path) -> list[MeasuredRoom]:
    """Return the measured rooms of a folder of responses at 16 kHz, by name.

    They are without the sources on the border of two directions; a room that has no others is
    printed and left out.
    """
    kept = []
    for path in sorted(folder.glob("*_16k.sofa")):
        room = read_sofa(path)
        at = [place for place, azimuth in enumerate(room.azimuth) if not between_two(azimuth)]
        if at:
            kept.append(
                replace(
                    room,
                    azimuth=room.azimuth[at],
                    distance_m=room.distance_m[at],
                    responses=room.responses[at],
                )
            )
        else:
            print(f"skipped: {path.name} has sources only on the border of two directions")
    return kept


def measure(registry: Registry, folder: Path, sounds: SoundBank, seed: int) -> dict[str, Any]:
    """Return direction, distance and front–back figures for each room under `folder`."""
    network = registry.load(LOCALIZATION).module
    figures: dict[str, Any] = {}
    for room in rooms(folder):
        rng = np.random.default_rng([_STREAM, seed])
        waves, truth = [], []
        for place in range(len(room.azimuth)):
            for _ in range(CLIPS):
                wave = render_second(room.responses[place], sounds, rng)
                waves.append(wave)
                name = region(float(room.azimuth[place]), room.distance_m[place] < 1.0)
                truth.append(np.eye(len(REGIONS), dtype=np.float32)[REGIONS.index(name)])
        maps = maps_of(waves)
        balance = learn_balance(maps, rng)
        probability = regions_of(network, np.stack([balance.correct(one) for one in maps]))
        figures[room.name] = SourceSeconds.of(probability, np.stack(truth)).figures()
    return figures


def maps_of(waves: Sequence[NDArray[np.float32]]) -> NDArray[np.float16]:
    """Return the maps (N, 3, 50, 64) of N seconds (2, 16000)."""
    features = Features()
    return np.stack([features.audio(wave, FS, np.ones(FS, bool))["maps"] for wave in waves])


def learn_balance(maps: NDArray[np.float16], rng: Generator) -> MicrophoneBalance:
    """Return the microphone balance of a session after all `maps` (N, 3, 50, 64)."""
    balance = MicrophoneBalance()
    for at in rng.permutation(len(maps)):
        balance = balance.after(maps[at])
    return balance


def regions_of(network: Localization, maps: NDArray[np.float16]) -> NDArray[np.float32]:
    """Return the probabilities (N, 8) of `maps` (N, 3, 50, 64) without motion."""
    with torch.inference_mode():
        parts = torch.split(torch.from_numpy(maps.astype(np.float32)), 64)
        out: NDArray[np.float32] = torch.cat([network.regions(p, None) for p in parts]).numpy()
    return out


def render_second(
    response: NDArray[np.float32], sounds: SoundBank, rng: Generator
) -> NDArray[np.float32]:
    """Return one second (2, 16000) of a sound with the reverberation of a second before."""
    label = str(rng.choice(sorted(sounds.labels)))
    dry = sounds(label, rng, rng, 2 * FS)
    wet = fftconvolve(dry[None], response, axes=1)[:, FS : 2 * FS]
    level = 10 ** (np.clip(rng.normal(*LEVEL_DB), -38, -18) / 20)
    wet *= level / (np.sqrt(np.mean(np.square(wet))) + 1e-12)
    wet += rng.normal(0, 10 ** (rng.uniform(*NOISE_DB) / 20), wet.shape)
    rounded: NDArray[np.float32] = (np.round(wet * 32_767) / 32_768).astype(np.float32)
    return rounded


def between_two(azimuth: float) -> bool:
    """Return whether an azimuth is on the border of two directions."""
    return bool(np.isclose(abs(azimuth) % (np.pi / 2), np.pi / 4, atol=1e-3))
