"""Near and far through a dummy head measured at several distances, anechoic and in rooms.

Nothing was trained on these responses. The head is static, so there is no motion. Sources at the
border of near and far, 1 m, are excluded; loudness is the same for all, so it is no cue.

The anechoic head, the head in rooms, and each measured room are one device each, whose session has
processed the set before (`models.research.evaluation.localization.measured_rooms`).
`first_seconds` has the same figures for a new session, which assumes equal microphones.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from models.egolog.localization import LOCALIZATION
from models.research.evaluation.localization.distance_seconds import BORDER_M, DistanceSeconds
from models.research.evaluation.localization.measured_rooms import (
    LEVEL_DB,
    NOISE_DB,
    between_two,
    learn_balance,
    maps_of,
    regions_of,
    render_second,
    rooms,
)
from models.simulation.acoustics.ears import DIRECTIONS, NFFT, TAPS
from models.simulation.acoustics.rooms import Room
from models.simulation.life.motion import RATE
from models.simulation.life.plan import SoundEvent
from models.simulation.rendering.mixer import Listener, Mixer
from models.simulation.sources.dummy_head import read_dummy_head

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.random import Generator

    from models.egolog.localization import Localization
    from models.research.evaluation.localization.distance_seconds import Figures
    from models.serving.registry import Registry
    from models.simulation.sources.dummy_head import DummyHead
    from models.simulation.sources.measured import SoundBank

CLIPS = 3
"""Number of sounds at each position."""
EVERY_DEG = 15
RT60_S = (0.2, 0.8)
_ROOMS = ("room", "hall")
_RT60_BAND = 3  # 1 kHz
_STREAM = 8


@dataclass(frozen=True)
class DeviceSeconds:
    """The seconds of one device, in a new session and in one that has processed them all before.

    `balance_db` is the estimated gain of its first microphone over the second in the latter.
    """

    first: DistanceSeconds
    settled: DistanceSeconds
    balance_db: float


def measure(
    registry: Registry, hrtf: Path, sounds: SoundBank, seed: int, clips: int = CLIPS
) -> Figures:
    """Return `ku100` and `surrey`, each if the folder `hrtf` has its files.

    Each position is rendered with `clips` sounds. Absent files are listed in `skipped`.
    """
    network = registry.load(LOCALIZATION).module
    figures: Figures = {"skipped": []}
    ku100: dict[str, DeviceSeconds] = {}
    surrey: dict[str, DeviceSeconds] = {}
    head = hrtf / "ku100_16khz.npz"
    if head.is_file():
        dummy = read_dummy_head(head)
        dry, roomy = (np.random.default_rng([_STREAM, seed, *part]) for part in ((), (1,)))
        ku100["dry"] = _measure(network, _dry(dummy, sounds, clips, dry), seed)
        ku100["rooms"] = _measure(network, _in_rooms(dummy, sounds, clips, roomy), seed)
    else:
        figures["skipped"].append(head.name)
    for room in rooms(hrtf):
        rng = np.random.default_rng([_STREAM, seed, 2])
        places = [
            (render_second(room.responses[at], sounds, rng), np.rad2deg(room.azimuth[at]), metres)
            for at, metres in enumerate(room.distance_m)
            for _ in range(clips)
        ]
        surrey[room.name] = _measure(network, places, seed)
    if not surrey:
        figures["skipped"].append("*_16k.sofa")
    if ku100 or surrey:
        figures |= _figures(
            {name: device.settled for name, device in ku100.items()},
            {name: device.settled for name, device in surrey.items()},
        )
        figures["balance_db"] = {
            name: device.balance_db for name, device in (ku100 | surrey).items()
        }
        figures["first_seconds"] = _figures(
            {name: device.first for name, device in ku100.items()},
            {name: device.first for name, device in surrey.items()},
        )
    return figures


def _figures(
    ku100: Mapping[str, DistanceSeconds], surrey: Mapping[str, DistanceSeconds]
) -> Figures:
    figures: Figures = {}
    if ku100:
        dry, roomy = ku100["dry"], ku100["rooms"]
        figures["ku100"] = {
            "distances": dry.by_distance(),
            "balanced": dry.balanced_accuracy(),
            "balanced_lateral": dry.lateral().balanced_accuracy(),
            "in_rooms": roomy.by_distance(),
            "balanced_in_rooms": roomy.balanced_accuracy(),
        }
    if surrey:
        figures["surrey"] = {
            name: {
                "seconds": len(judged.near),
                "distances_m": np.unique(judged.distance_m).tolist(),
                "said_far": float((judged.near <= 0.5).mean()),
                "direction": judged.figures()["direction"],
            }
            for name, judged in surrey.items()
        }
    seconds = [*ku100.values(), *surrey.values()]
    together = DistanceSeconds(
        *(
            np.concatenate([getattr(part, field.name) for part in seconds])
            for field in fields(DistanceSeconds)
        )
    )
    figures["ece"] = together.calibration()["ece"]
    figures["calibration"] = {
        **{f"ku100, {name}": part.calibration() for name, part in ku100.items()},
        **{name: part.calibration() for name, part in surrey.items()},
    }
    if ku100:
        figures["ku100"]["ece"] = figures["ece"]
    return figures


Place = tuple[NDArray[np.float32], float, float]
"""A second (2, 16000), its source's azimuth in degrees and its distance in m."""


def _dry(dummy: DummyHead, sounds: SoundBank, clips: int, rng: Generator) -> list[Place]:
    places = []
    for metres, ring in zip(dummy.distances_m, dummy.rings, strict=True):
        impulses = fft.irfft(ring, NFFT, axis=-1)[..., :TAPS].astype(np.float32)
        for degrees in _azimuths():
            response = impulses[round(degrees * DIRECTIONS / 360) % DIRECTIONS]
            places += [
                (render_second(response, sounds, rng), degrees, metres) for _ in range(clips)
            ]
    return places


def _in_rooms(dummy: DummyHead, sounds: SoundBank, clips: int, rng: Generator) -> list[Place]:
    labels = sorted(sounds.labels)
    places = []
    for metres in dummy.distances_m:
        for degrees in _azimuths():
            for _ in range(clips):
                event = SoundEvent(
                    start_s=0.0,
                    stop_s=2.0,
                    label=str(rng.choice(labels)),
                    near=bool(metres < BORDER_M),
                    azimuth=float(np.deg2rad(degrees)),
                    distance_m=float(metres),
                    level_db=float(np.clip(rng.normal(*LEVEL_DB), -38, -18)),
                    source=int(rng.integers(2**62)),
                    take=int(rng.integers(2**62)),
                    room=_room(rng),
                )
                noise = float(10 ** (rng.uniform(*NOISE_DB) / 20))
                listener = Listener(2, dummy, _facing_ahead, noise, lambda _at_s: 1.8)
                wave = Mixer([event], listener, int(rng.integers(2**62)), sounds).audio(1, 2)
                rounded = (np.round(wave * 32_767) / 32_768).astype(np.float32)
                places.append((rounded, degrees, metres))
    return places


def _facing_ahead(start_s: int, stop_s: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    still = np.zeros((stop_s - start_s) * RATE)
    return still, still


def _room(rng: Generator) -> Room:
    while True:
        room = Room.draw(str(rng.choice(_ROOMS)), rng)
        if RT60_S[0] <= room.rt60_s[_RT60_BAND] <= RT60_S[1]:
            return room


def _azimuths() -> list[float]:
    turns = [float(turn) for turn in range(-180 + EVERY_DEG, 181, EVERY_DEG)]
    return [turn for turn in turns if not between_two(np.deg2rad(turn))]


def _measure(network: Localization, places: list[Place], seed: int) -> DeviceSeconds:
    maps = maps_of([wave for wave, _, _ in places])
    balance = learn_balance(maps, np.random.default_rng([_STREAM, seed, 3]))
    azimuth = np.array([azimuth for _, azimuth, _ in places])
    metres = np.array([metres for _, _, metres in places])
    first, later = (
        DistanceSeconds(regions_of(network, inputs), azimuth, metres)
        for inputs in (maps, np.stack([balance.correct(one) for one in maps]))
    )
    return DeviceSeconds(first, later, balance.db)
