"""Composed stretches of days as features and labels, cached on disk: the common training data.

A stretch is rendered once, with one omnidirectional microphone (scenario and activity networks use
the mean over the microphones), and windows are cut from it at any second.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from models.features import Features
from models.labels import ACTIVITIES, MOTIONS, SCENARIOS, SOUND_EVENTS
from models.research.lib.array_cache import load_or_make
from models.simulation.life import day_plan
from models.simulation.life.wearer import SimulatedWearer
from models.simulation.rendering.ground_truth import SEGMENT_S, motion_of
from models.simulation.rendering.renderer import MotionSource, Stage, simulate_motion
from schemas.evidence import DISTANCES

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.simulation.life.plan import Plan
    from models.simulation.sources.material import Material

RATE = 16_000
FRAMES = 50  # feature rows a second
NONE = -1
# Share of stretches with a change of scenario: within two minutes it is rare.
BORDER_SHARE = 0.15


@dataclass(frozen=True)
class Days:
    """N stretches of L seconds.

    `mel` (N, 50·L, 64) float16, `imu` (N, 50·L, 6) float32, `scenarios` (N, L, 16) and `events`
    (N, L, 2, 48), near and far, bool, `activities` (N, L) index, `motions` (N, L/2) index or -1
    for no motion.
    """

    mel: NDArray[np.float16]
    imu: NDArray[np.float32]
    scenarios: NDArray[np.bool_]
    events: NDArray[np.bool_]
    activities: NDArray[np.int8]
    motions: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.mel)

    @property
    def seconds(self) -> int:
        """Length of every stretch."""
        return int(self.activities.shape[1])


@dataclass(frozen=True)
class StagedStretch:
    """A stretch that can be rendered: its plan and its renderer."""

    plan: Plan
    stage: Stage


def draw_stretch(
    rng: Generator,
    seconds: int,
    material: Material,
    *,
    index: int = 0,
    mono: bool = True,
    far: bool = True,
) -> StagedStretch:
    """Draw a stretch; scenarios cycle with `index`, so that each is equally frequent.

    If `far` is false the same stretch has its near sounds only.
    """
    label = SCENARIOS[index % len(SCENARIOS)]
    spans = [(day_plan.with_second_scenario(rng, label), seconds)]
    if rng.random() < BORDER_SHARE:
        other = str(rng.choice([name for name in SCENARIOS if name not in spans[0][0]]))
        border = int(rng.integers(seconds // 4, 3 * seconds // 4))
        spans = [
            (spans[0][0], border),
            (day_plan.with_second_scenario(rng, other), seconds - border),
        ]
    plan = day_plan.compose(rng, spans)
    if not far:
        plan = replace(plan, sounds=tuple(event for event in plan.sounds if event.near))
    ears = material.ears[int(rng.integers(len(material.ears)))] if material.ears else None
    wearer = SimulatedWearer.draw(rng, ears)
    motions: MotionSource = simulate_motion
    if material.motions is not None:
        motions = material.motions.wearer(rng, material.elsewhere) or simulate_motion
    seed = int(rng.integers(2**62))
    return StagedStretch(plan, Stage(plan, wearer, seed, material.sounds, motions, mono))


def compose(
    seed: int,
    count: int,
    seconds: int,
    material: Material,
    cache: Path,
    *,
    mono: bool = True,
    far: bool = True,
) -> Days:
    """Return `count` stretches, cached in the folder `cache`."""
    receiver = f"{'mono' if mono else 'ears'}{'' if far else '-near'}"
    name = f"days-{material.name}-{receiver}-{seed}-{count}x{seconds}"
    columns = [f.name for f in fields(Days)]

    def make() -> dict[str, NDArray[np.generic]]:
        features = Features()
        made = []
        for index in tqdm(range(count), desc=name, mininterval=5):
            rng = np.random.default_rng([seed, index, 11])
            part = draw_stretch(rng, seconds, material, index=index, mono=mono, far=far)
            made.append(_as_days(part, seconds, features))
        return {column: np.stack([getattr(one, column) for one in made]) for column in columns}

    return Days(**load_or_make(cache / name, columns, make))


def stream_features(
    audio: NDArray[np.float32], features: Features
) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
    """(C, 16000·L) -> log-mel (50·L, 64) and maps (L, M, 50, 64), computed as in the stream.

    Each second is processed separately, from 16-bit samples.
    """
    rounded = np.round(audio * 32767).astype(np.float32) / np.float32(32768)
    present = np.ones(RATE, dtype=bool)
    starts = range(0, rounded.shape[1], RATE)
    slices = [features.audio(rounded[:, s : s + RATE], RATE, present) for s in starts]
    return np.concatenate([s["mel"] for s in slices]), np.stack([s["maps"] for s in slices])


def _as_days(part: StagedStretch, seconds: int, features: Features) -> Days:
    """One stretch, without the leading N."""
    plan, stage = part.plan, part.stage
    scenarios, events, activities = labels(part, seconds)
    motions = [motion_of(plan, s, SEGMENT_S) for s in range(0, seconds - SEGMENT_S + 1, SEGMENT_S)]
    return Days(
        mel=stream_features(stage.audio(0, seconds), features)[0],
        imu=stage.imu(0, seconds),
        scenarios=scenarios,
        events=events,
        activities=activities,
        motions=np.array([NONE if m is None else MOTIONS.index(m) for m in motions], np.int8),
    )


def labels(
    part: StagedStretch, seconds: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int8]]:
    """Return scenarios (L, 16), events (L, 2, 48) near and far, activities (L,) of every second."""
    scenarios = np.zeros((seconds, len(SCENARIOS)), dtype=bool)
    for scenario in part.plan.scenarios:
        scenarios[scenario.start_s : scenario.stop_s, SCENARIOS.index(scenario.label)] = True
    events = np.zeros((seconds, len(DISTANCES), len(SOUND_EVENTS)), dtype=bool)
    for sound in part.stage.audible_events(0, seconds):
        distance = DISTANCES.index(sound.region.rsplit("-", 1)[1])
        events[sound.second, distance, SOUND_EVENTS.index(sound.label)] = True
    activities = np.zeros(seconds, np.int8)
    for doing in part.plan.activities:
        activities[doing.start_s : doing.stop_s] = ACTIVITIES.index(doing.label)
    return scenarios, events, activities
