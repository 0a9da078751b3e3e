"""A seeded day: scenario spans → activity spans → sound events, all with whole-second borders.

Nothing is rendered here. A plan is a pure function of its generator's state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.labels import SCENARIOS
from models.simulation.acoustics.rooms import Room
from models.simulation.life.motion import Manner
from models.simulation.life.plan import Plan, PlannedActivity, ScenarioSpan, SoundEvent
from models.simulation.life.planned_sounds import (
    draw_seed,
    filling_sounds,
    interferers,
    near_sounds,
    pick,
)
from models.simulation.life.scenarios import (
    COMMON_FAR,
    COMMON_FAR_SHARE,
    DOINGS,
    SETTINGS,
    TOGETHER,
    Setting,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator


# Share of spans with two simultaneous scenarios.
DOUBLED = 0.2
_SEATED = ("sit",)
_CHANGE_S = 4


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
            sounds += near_sounds(rng, span, room, setting)
            far = setting.far if setting is not None else COMMON_FAR
            share = setting.far_share if setting is not None else COMMON_FAR_SHARE
            sounds += filling_sounds(
                rng, far, share, False, span.start_s, span.stop_s - span.start_s, room
            )
        sounds += interferers(rng, at, seconds, room)
        at += seconds
    sounds.sort(key=lambda s: (s.start_s, s.stop_s, s.take))
    return Plan(at, tuple(scenarios), tuple(activities), tuple(sounds))


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
    return pick(rng, others or by_count)


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
        seed=draw_seed(rng),
        headings=(heading, heading + float(np.clip(turn, -np.pi, np.pi))),
        pace=float(rng.uniform(0.96, 1.04)),
        vehicle=room.kind == "car",
        own=None if own is None else own[0],
    )
