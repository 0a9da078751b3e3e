"""The sounds of a plan: near the wearer, around, and far ones that belong to no scenario."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from models.simulation.life.plan import PlannedActivity, SoundEvent
from models.simulation.life.scenarios import (
    DOINGS,
    INTERFERERS,
    Setting,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator

    from models.simulation.acoustics.rooms import Room


NEAR_M = (0.2, 0.8)
FAR_M = (1.5, 6.0)
# A long sound is rendered in pieces of this length, so that a minute can be rendered by itself.
PIECE_S = 12.0
CROSSFADE_S = 0.1
# A far interferer that belongs to no scenario is present at least half of the time, this many dB
# below the wearer's own sounds.
INTERFERER_SHARE = 0.55
INTERFERER_SNR_DB = (-5.0, 15.0)
LEVEL_DB = -27.0


def pick(rng: Generator, weights: Mapping[str, float]) -> str:
    """Draw one of the names by their weights."""
    names = list(weights)
    share = np.array([weights[name] for name in names], float)
    return names[int(rng.choice(len(names), p=share / share.sum()))]


def draw_seed(rng: Generator) -> int:
    """Draw the seed of a sound or a motion."""
    return int(rng.integers(2**62))


def near_sounds(
    rng: Generator, span: PlannedActivity, room: Room, setting: Setting | None
) -> list[SoundEvent]:
    """Draw the near sounds of an activity, by the scenario's `setting` if it has one."""
    doing = DOINGS[span.label]
    weights, share = doing.sounds, doing.share
    if setting is not None:
        own = setting.own[span.label]
        if own.sounds is not None:
            weights, share = own.sounds, own.near_share
    sounds: list[SoundEvent] = []
    if not weights:
        return sounds
    at, stop = float(span.start_s), float(span.stop_s)
    while stop - at > 1.0:
        length = min(stop - at, float(rng.uniform(4, 15)))
        if rng.random() < share:
            label = pick(rng, weights)
            azimuth = _in_front(rng)
            pace = span.pace if label == "footsteps" else None
            sounds += _pieces(rng, label, at, at + length, True, azimuth, room, pace)
        at += length
    return sounds


def _in_front(rng: Generator) -> float:
    # Sounds of the hands come from ahead; other near ones (a pan, a bag, a friend) from anywhere.
    if rng.random() < 0.6:
        return float(rng.normal(0, 0.35))
    return float(rng.uniform(-np.pi, np.pi))


def filling_sounds(
    rng: Generator,
    weights: Mapping[str, float],
    share: float,
    near: bool,
    start: int,
    seconds: int,
    room: Room,
) -> list[SoundEvent]:
    """Draw sounds from `weights` that fill `share` of the time, near or far, one after another."""
    sounds: list[SoundEvent] = []
    if not weights or share <= 0:
        return sounds
    stop = float(start + seconds)
    length = float(rng.uniform(4, 20))
    at = start - float(rng.uniform(0, length))
    while at < stop:
        length = float(rng.uniform(3, 12) if near else rng.uniform(4, 20))
        begin, end = max(at, float(start)), min(at + length, stop)
        if end - begin > 1.0 and rng.random() < share:
            azimuth = _in_front(rng) if near else float(rng.uniform(-np.pi, np.pi))
            sounds += _pieces(rng, pick(rng, weights), begin, end, near, azimuth, room)
        at += length
    return sounds


def interferers(
    rng: Generator,
    start: int,
    seconds: int,
    room: Room,
    share: float = INTERFERER_SHARE,
) -> list[SoundEvent]:
    """Draw far sounds that belong to no scenario, quieter than the wearer's own."""
    interferers = []
    for event in filling_sounds(rng, INTERFERERS, share, False, start, seconds, room):
        level = LEVEL_DB - float(rng.uniform(*INTERFERER_SNR_DB))
        interferers.append(replace(event, level_db=level, interferer=True))
    return interferers


def _pieces(
    rng: Generator,
    label: str,
    start: float,
    stop: float,
    near: bool,
    azimuth: float,
    room: Room,
    pace: float | None = None,
) -> list[SoundEvent]:
    low, high = NEAR_M if near else FAR_M
    distance = float(rng.uniform(low, high))
    # The same levels for near and far: loudness must not be a cue to distance (EgoLog §3.2).
    level = float(np.clip(rng.normal(LEVEL_DB, 4), -38, -18))
    source = draw_seed(rng)
    count = max(1, int(np.ceil((stop - start) / PIECE_S)))
    borders = np.linspace(start, stop, count + 1)
    pieces = []
    for i in range(count):
        end = float(borders[i + 1]) + (CROSSFADE_S if i < count - 1 else 0.0)
        pieces.append(
            SoundEvent(
                start_s=float(borders[i]),
                stop_s=end,
                label=label,
                near=near,
                azimuth=azimuth,
                distance_m=distance,
                level_db=level,
                source=source,
                take=draw_seed(rng),
                room=room,
                pace=pace,
            )
        )
    return pieces
