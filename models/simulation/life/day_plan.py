"""A seeded day: scenario spans → activity spans → sound events, all with whole-second borders.

Nothing is rendered here. A plan is a pure function of its generator's state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from models.labels import SCENARIOS
from models.simulation.acoustics.rooms import Room
from models.simulation.life.motion import Manner
from models.simulation.life.scenarios import (
    COMMON_FAR,
    COMMON_FAR_SHARE,
    DOINGS,
    INTERFERERS,
    SETTINGS,
    TOGETHER,
    Setting,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator

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
# Share of spans with two simultaneous scenarios.
DOUBLED = 0.2
_SEATED = ("sit",)
_CHANGE_S = 4


@dataclass(frozen=True)
class ScenarioSpan:
    """A scenario in [start_s, stop_s) and its room."""

    start_s: int
    stop_s: int
    label: str
    room: Room


@dataclass(frozen=True)
class PlannedActivity:
    """An activity in [start_s, stop_s): how the head moves, and the headings at its two ends.

    `own` names the scenario whose own spell it is, None where most scenarios have such spells.
    """

    start_s: int
    stop_s: int
    label: str
    manner: Manner
    seed: int
    headings: tuple[float, float]
    pace: float
    vehicle: bool
    own: str | None = None


@dataclass(frozen=True)
class SoundEvent:
    """A sound in [start_s, stop_s).

    A near source turns with the body: `azimuth` (rad, counter-clockwise) is relative to it. A far
    one is fixed in the room: its azimuth is relative to the world. `source` and `take` are the
    seeds of the source and of this rendition; `level_db` is the level at the ears in dB of full
    scale; `pace` scales the cadence of the wearer's own steps.
    """

    start_s: float
    stop_s: float
    label: str
    near: bool
    azimuth: float
    distance_m: float
    level_db: float
    source: int
    take: int
    room: Room
    pace: float | None = None
    interferer: bool = False


@dataclass(frozen=True)
class Plan:
    """The plan of [0, seconds); simultaneous scenarios have spans with the same borders."""

    seconds: int
    scenarios: tuple[ScenarioSpan, ...]
    activities: tuple[PlannedActivity, ...]
    sounds: tuple[SoundEvent, ...]


def day(seed: int, minutes: float) -> Plan:
    """Plan a day of `minutes`: a scenario lasts about 3 minutes in short days, 20 in long ones."""
    rng = np.random.default_rng([seed, 1])
    seconds = max(30, round(minutes * 60))
    count = max(1, round(min(minutes / 3, 8 + max(0.0, minutes - 24) / 20)))
    weights = rng.uniform(0.75, 1.25, count)
    borders = np.round(np.concatenate([[0], np.cumsum(weights) / weights.sum()]) * seconds)
    labels: list[str] = []
    while len(labels) < count:
        order = [SCENARIOS[i] for i in rng.permutation(len(SCENARIOS))]
        labels += [label for label in order if not labels or label != labels[-1]]
    spans = [
        (with_second_scenario(rng, label), int(stop - start))
        for label, start, stop in zip(labels, borders[:-1], borders[1:], strict=False)
    ]
    return compose(rng, spans)


def with_second_scenario(rng: Generator, label: str) -> tuple[str, ...]:
    """Return the scenario, sometimes with a simultaneous second one."""
    others = [b if a == label else a for a, b in TOGETHER if label in (a, b)]
    if not others or rng.random() >= DOUBLED:
        return (label,)
    return (label, str(rng.choice(others)))


def compose(
    rng: Generator,
    spans: list[tuple[tuple[str, ...], int]],
    settings: Mapping[str, Setting] = SETTINGS,
) -> Plan:
    """Fill spans of (simultaneous scenarios, seconds) with activities and sounds.

    `settings` defines each scenario.
    """
    scenarios: list[ScenarioSpan] = []
    activities: list[PlannedActivity] = []
    sounds: list[SoundEvent] = []
    at, heading, seated = 0, 0.0, False
    for labels, seconds in spans:
        room = Room.draw(str(rng.choice(settings[labels[0]].rooms)), rng)
        scenarios += [ScenarioSpan(at, at + seconds, label, room) for label in labels]
        made = {label: settings[label] for label in labels}
        doings, heading, seated = _activities(rng, made, room, at, seconds, heading, seated)
        activities += doings
        for span in doings:
            setting = settings[span.own] if span.own is not None else None
            sounds += _near_sounds(rng, span, room, setting)
            far = setting.far if setting is not None else COMMON_FAR
            share = setting.far_share if setting is not None else COMMON_FAR_SHARE
            sounds += beside(rng, far, share, False, span.start_s, span.stop_s - span.start_s, room)
        sounds += interferers(rng, at, seconds, room)
        at += seconds
    sounds.sort(key=lambda s: (s.start_s, s.stop_s, s.take))
    return Plan(at, tuple(scenarios), tuple(activities), tuple(sounds))


def _pick(rng: Generator, weights: Mapping[str, float]) -> str:
    names = list(weights)
    share = np.array([weights[name] for name in names], float)
    return names[int(rng.choice(len(names), p=share / share.sum()))]


def _seed(rng: Generator) -> int:
    return int(rng.integers(2**62))


def _activities(
    rng: Generator,
    made: Mapping[str, Setting],
    room: Room,
    at: int,
    seconds: int,
    heading: float,
    seated: bool,
) -> tuple[list[PlannedActivity], float, bool]:
    spans: list[PlannedActivity] = []
    stop = at + seconds
    last = ("", False)
    # Simultaneous scenarios alternate with their own activities.
    labels = tuple(made)
    turn = int(rng.integers(len(labels)))
    shared_time = made[labels[0]].shared_time
    # Spent so far on shared spells, less their due; begins anywhere, as windows begin anywhere.
    ahead = float(rng.uniform(-8, 8))
    while at < stop:
        shared = ahead < float(rng.normal(0, 4))
        of = labels[turn % len(labels)]
        turn += not shared
        label = _spell(rng, made[of], shared, last)
        # Talking, drinking and clapping keep the current posture.
        open_posture = label in ("talking", "drinking", "clapping")
        sits = seated if open_posture and spans else DOINGS[label].manner.posture in _SEATED
        if sits != seated and stop - at >= _CHANGE_S + 8 and (spans or at > 0):
            change = "sitting down" if sits else "standing up"
            length = int(rng.integers(3, _CHANGE_S + 1))
            spans.append(_activity(rng, room, change, at, at + length, heading))
            at, heading = at + length, spans[-1].headings[1]
            ahead += length * (1 - shared_time)
        seated = sits
        low, high = DOINGS[label].seconds
        length = int(rng.integers(low, high + 1))
        if stop - at - length < 6:
            length = stop - at
        own = None if shared else (of, made[of])
        spans.append(_activity(rng, room, label, at, at + length, heading, own))
        ahead += length * ((1 - shared_time) if shared else -shared_time)
        at, heading, last = at + length, spans[-1].headings[1], (label, shared)
    return spans, heading, seated


def _spell(rng: Generator, setting: Setting, shared: bool, last: tuple[str, bool]) -> str:
    own = {name: own.share for name, own in setting.own.items()}
    weights = setting.shared if shared else own
    # Weights are shares of time, so long spells are drawn less often.
    by_count = {k: w / sum(DOINGS[k].seconds) for k, w in weights.items()}
    others = {k: w for k, w in by_count.items() if (k, shared) != last}
    return _pick(rng, others or by_count)


def _activity(
    rng: Generator,
    room: Room,
    label: str,
    start: int,
    stop: int,
    heading: float,
    own: tuple[str, Setting] | None = None,
) -> PlannedActivity:
    manner = DOINGS[label].manner
    gesture = manner.gesture
    if gesture is None and own is not None and label in own[1].own:
        gesture = own[1].own[label].gesture
    manner = Manner(manner.posture, manner.look_down, manner.turns, gesture, manner.travel)
    turn = float(np.deg2rad(rng.normal(0, manner.travel)))
    return PlannedActivity(
        start_s=start,
        stop_s=stop,
        label=label,
        manner=manner,
        seed=_seed(rng),
        headings=(heading, heading + float(np.clip(turn, -np.pi, np.pi))),
        pace=float(rng.uniform(0.96, 1.04)),
        vehicle=room.kind == "car",
        own=None if own is None else own[0],
    )


def _near_sounds(
    rng: Generator, span: PlannedActivity, room: Room, setting: Setting | None
) -> list[SoundEvent]:
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
            label = _pick(rng, weights)
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


def beside(
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
            sounds += _pieces(rng, _pick(rng, weights), begin, end, near, azimuth, room)
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
    for event in beside(rng, INTERFERERS, share, False, start, seconds, room):
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
    source = _seed(rng)
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
                take=_seed(rng),
                room=room,
                pace=pace,
            )
        )
    return pieces
