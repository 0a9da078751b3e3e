"""Labelled items for training, drawn from a generator: whose state decides wearer, ears, room,
sounds and motion, so that two seeds share none of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from models.labels import ACTIVITIES, MOTIONS, SCENARIOS, SOUND_EVENTS
from models.simulate import life
from models.simulate.ears import Ears
from models.simulate.scenarios import SETTINGS
from models.simulate.sounds import SoundSource, synthesise
from models.simulate.stage import Stage
from models.simulate.truth import activity_of, motion_of
from models.simulate.wearer import Wearer
from schemas.evidence import REGIONS

CLIP_S, ACTIVITY_S, SEGMENT_S = 30, 5, 2
NO_MOTION = -1


@dataclass(frozen=True)
class Clip:
    """S seconds of one wearer and everything that is known of them.

    audio (2, S*16000) float32 in [-1, 1], left ear first, 16 kHz; imu (S*50, 6) float32, acc m/s²
    and gyro rad/s; scenarios (16,) multi-hot; activities (S/5,) indices; events (S/2, 48)
    multi-hot; motions (S/2,) indices or NO_MOTION where the wearer keeps still; regions (S, 8)
    multi-hot. Fractions of windows at the end are left out; label order is `models.labels`'.
    """

    audio: NDArray[np.float32]
    imu: NDArray[np.float32]
    scenarios: NDArray[np.float32]
    activities: NDArray[np.int64]
    events: NDArray[np.float32]
    motions: NDArray[np.int64]
    regions: NDArray[np.float32]


def scenario_clip(
    rng: Generator,
    *,
    scenario: str | None = None,
    sounds: SoundSource = synthesise,
    ears: Ears | None = None,
    seconds: int = CLIP_S,
) -> Clip:
    """Draw 30 s out of a scenario (every tenth across the border of two).

    `scenario` fixes the label; `sounds` and `ears` replace synthesised sounds and drawn heads by
    recorded ones. Raises `KeyError` for an unknown scenario.
    """
    label = scenario or str(rng.choice(SCENARIOS))
    spans = [(life.doubled(rng, label), seconds * 2)]
    start = int(rng.integers(0, seconds))
    if rng.random() < 0.1:
        other = str(rng.choice([s for s in SCENARIOS if s not in spans[0][0]]))
        spans.append(((other,), seconds * 2))
        start = seconds + int(rng.integers(seconds // 3, seconds))
    return cut(life.compose(rng, spans), rng, start, seconds, sounds, ears)


def spatial_clip(
    rng: Generator,
    *,
    seconds: int = 5,
    sounds: SoundSource = synthesise,
    ears: Ears | None = None,
) -> Clip:
    """Draw none to three sounds evenly around a moving head, near and far alike."""
    activity = str(rng.choice(ACTIVITIES))
    sources = int(rng.choice(4, p=[0.06, 0.44, 0.35, 0.15]))
    return cut(life.scene(rng, activity, seconds, sources), rng, 0, seconds, sounds, ears)


def activity_clip(
    rng: Generator,
    *,
    activity: str | None = None,
    seconds: int = ACTIVITY_S,
    sounds: SoundSource = synthesise,
    ears: Ears | None = None,
) -> Clip:
    """Draw a window whose first activity label is `activity` (default: all alike likely).

    Context (scenario, room, own and other sounds) comes from a scenario in which it occurs.
    """
    label = activity or str(rng.choice(ACTIVITIES))
    for _ in range(64):
        homes = [s for s in SCENARIOS if label in SETTINGS[s].activities]
        plan = life.compose(rng, [((str(rng.choice(homes or SCENARIOS)),), 120)])
        found = [a for a in plan.activities if a.label == label]
        if found:
            break
    else:
        raise ValueError(f"activity {label!r} never occurs; want one of {', '.join(ACTIVITIES)}")
    span = found[int(rng.integers(len(found)))]
    slack = span.stop_s - span.start_s - seconds
    start = span.start_s + (int(rng.integers(0, slack + 1)) if slack > 0 else slack // 2)
    start = min(max(start, 0), plan.seconds - seconds)
    return cut(plan, rng, start, seconds, sounds, ears)


def cut(
    plan: life.Plan,
    rng: Generator,
    start_s: int,
    seconds: int,
    sounds: SoundSource = synthesise,
    ears: Ears | None = None,
) -> Clip:
    """Render [start_s, start_s + seconds) of a plan for a wearer drawn from `rng`."""
    wearer = Wearer.draw(rng, ears)
    stage = Stage(plan, wearer, int(rng.integers(2**62)), sounds)
    stop = start_s + seconds
    events = np.zeros((seconds // SEGMENT_S, len(SOUND_EVENTS)), np.float32)
    regions = np.zeros((seconds, len(REGIONS)), np.float32)
    for item in stage.heard(start_s, stop):
        second = item.second - start_s
        regions[second, REGIONS.index(item.region)] = 1
        if second // SEGMENT_S < len(events):
            events[second // SEGMENT_S, SOUND_EVENTS.index(item.label)] = 1
    named = [
        activity_of(plan, start_s + i * ACTIVITY_S, ACTIVITY_S)
        for i in range(seconds // ACTIVITY_S)
    ]
    moved = [motion_of(plan, start_s + i * SEGMENT_S, SEGMENT_S) for i in range(len(events))]
    return Clip(
        audio=stage.audio(start_s, stop),
        imu=stage.imu(start_s, stop),
        scenarios=_scenarios(plan, start_s, stop),
        activities=np.array([ACTIVITIES.index(a) for a in named], np.int64),
        events=events,
        motions=np.array([NO_MOTION if m is None else MOTIONS.index(m) for m in moved], np.int64),
        regions=regions,
    )


def _scenarios(plan: life.Plan, start: int, stop: int) -> NDArray[np.float32]:
    hot = np.zeros(len(SCENARIOS), np.float32)
    for span in plan.scenarios:
        # Less than a fifth of the window is too little to be asked for.
        if min(span.stop_s, stop) - max(span.start_s, start) >= 0.2 * (stop - start):
            hot[SCENARIOS.index(span.label)] = 1
    return hot
