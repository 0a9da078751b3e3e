"""Wearers of several days, with the same ears, gait, rooms and objects, and individual routines.

A domain is shifted against the training data of the shipped weights: scenarios are unequally
frequent, activities and sounds have other proportions, earphones may attenuate high frequencies,
and speakers, wearers and devices are new. Constant from day to day, as for a real wearer, are the
ears, the way of moving, the rooms at home and the objects that sound in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from models.labels import SCENARIOS
from models.research.egolog.days.composed import StagedStretch
from models.simulation.acoustics.rooms import Room
from models.simulation.acoustics.sounds import FS
from models.simulation.life import day_plan
from models.simulation.life.scenarios import SETTINGS, Setting
from models.simulation.life.wearer import SimulatedWearer
from models.simulation.rendering.renderer import MotionSource, Stage, simulate_motion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.simulation.life.plan import Plan, SoundEvent
    from models.simulation.sources.material import Material

# Duration of a scenario, minutes.
SPAN_MIN = (3.0, 8.0)
# The share of the n-th most frequent scenario falls as n to this power: five of the sixteen fill
# two thirds of the time.
SKEW = 1.1
# Concentration of wearers around their domain's mix: larger is more alike.
ALIKE = 12.0
# Standard deviation of the logarithm of a proportion's change.
PROPORTIONS = 0.5
# Number of objects of a kind in one home.
THINGS = 2
# Corner frequency of muffled earphones, above which they attenuate more with each octave.
MUFFLED_FROM_HZ = 500.0
_INDOORS = ("room", "hall", "bathroom", "car")


@dataclass(frozen=True)
class Domain:
    """A domain of days: `mix` (16,) is the scenarios' share of time, with the scenarios' settings.

    Its earphones attenuate by `muffled_db` dB per octave.
    """

    mix: NDArray[np.float64]
    settings: Mapping[str, Setting]
    muffled_db: float = 0.0

    @classmethod
    def usual(cls) -> Domain:
        """Return the training days' domain: scenarios equally frequent, with the usual settings."""
        return cls(np.full(len(SCENARIOS), 1 / len(SCENARIOS)), SETTINGS)

    @classmethod
    def draw_shifted(cls, rng: Generator, shared_time: float, muffled_db: float) -> Domain:
        """Draw a domain shifted against the training days.

        `shared_time` is the share of a scenario's time that it has in common with the others.
        """
        share = 1.0 / (1.0 + rng.permutation(len(SCENARIOS))) ** SKEW
        settings = {
            name: _shift_time(setting, shared_time, rng) for name, setting in SETTINGS.items()
        }
        return cls(share / share.sum(), settings, muffled_db)


@dataclass(frozen=True)
class Resident:
    """One wearer, with their rooms and routines."""

    number: int
    mix: NDArray[np.float64]
    settings: Mapping[str, Setting]
    wearer: SimulatedWearer
    motions: MotionSource
    home: int
    muffled_db: float
    _rooms: dict[tuple[str, str], Room] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def draw(cls, number: int, domain: Domain, material: Material, rng: Generator) -> Resident:
        """Draw a wearer of a domain."""
        ears = material.ears[int(rng.integers(len(material.ears)))] if material.ears else None
        motions: MotionSource = simulate_motion
        if material.motions is not None:
            motions = material.motions.wearer(rng, material.elsewhere) or simulate_motion
        return cls(
            number,
            rng.dirichlet(ALIKE * len(SCENARIOS) * domain.mix / 4),
            domain.settings,
            SimulatedWearer.draw(rng, ears),
            motions,
            int(rng.integers(2**31)),
            domain.muffled_db,
        )

    def stretch(self, minutes: int, material: Material, rng: Generator) -> StagedStretch:
        """Compose a whole number of `minutes` of this wearer's day."""
        plan = self.place_at_home(day_plan.compose(rng, self._spans(minutes, rng), self.settings))
        seed = int(rng.integers(2**62))
        stage = MuffledStage(plan, self.wearer, seed, material.sounds, self.motions)
        stage.muffled_db = self.muffled_db
        return StagedStretch(plan, stage)

    def place_at_home(self, plan: Plan) -> Plan:
        """Return a plan placed in this wearer's rooms, with the objects there as its sources."""
        labels = {span.room.seed: span.label for span in reversed(plan.scenarios)}

        def room(drawn: Room) -> Room:
            return self._room(drawn.kind, labels[drawn.seed])

        return replace(
            plan,
            scenarios=tuple(replace(span, room=room(span.room)) for span in plan.scenarios),
            sounds=tuple(
                replace(sound, room=room(sound.room), source=self._source(sound))
                for sound in plan.sounds
            ),
        )

    def _spans(self, minutes: int, rng: Generator) -> list[tuple[tuple[str, ...], int]]:
        spans: list[tuple[tuple[str, ...], int]] = []
        left = 60 * minutes
        last = ""
        while left > 0:
            likely = self.mix * np.array([name != last for name in SCENARIOS])
            last = SCENARIOS[int(rng.choice(len(SCENARIOS), p=likely / likely.sum()))]
            length = round(60 * float(rng.uniform(*SPAN_MIN)))
            if left - length < 60 * SPAN_MIN[0]:
                length = left
            spans.append((day_plan.with_second_scenario(rng, last), length))
            left -= length
        return spans

    def _room(self, kind: str, label: str) -> Room:
        at = (kind, label)
        if at not in self._rooms:
            seed = [self.home, SCENARIOS.index(label), len(kind)]
            self._rooms[at] = Room.draw(kind, np.random.default_rng(seed))
        return self._rooms[at]

    def _source(self, sound: SoundEvent) -> int:
        """Return the seed of a sound's source: at home one of few objects, elsewhere any."""
        if sound.interferer or sound.room.kind not in _INDOORS:
            return sound.source
        thing = sound.source % THINGS
        name = sum(ord(letter) * 31**at for at, letter in enumerate(sound.label))
        return int(np.random.default_rng([self.home, name, thing]).integers(2**62))


class MuffledStage(Stage):
    """A stage rendered through earphones that attenuate `muffled_db` dB per octave above 500 Hz."""

    muffled_db = 0.0

    def audio(self, start_s: int, stop_s: int) -> NDArray[np.float32]:
        """Return (2, (stop_s - start_s) * 16000) float32, left ear first, within [-1, 1]."""
        wave = super().audio(start_s, stop_s)
        if not self.muffled_db:
            return wave
        hertz = np.fft.rfftfreq(wave.shape[1], 1 / FS)
        octaves = np.log2(np.maximum(hertz / MUFFLED_FROM_HZ, 1.0))
        gain = 10 ** (-self.muffled_db * octaves / 20)
        spectrum = np.fft.rfft(wave, axis=1) * gain
        return np.fft.irfft(spectrum, n=wave.shape[1], axis=1).astype(np.float32)


def _shift_time(setting: Setting, shared_time: float, rng: Generator) -> Setting:
    def other(weights: Mapping[str, float]) -> dict[str, float]:
        return {k: w * float(np.exp(rng.normal(0, PROPORTIONS))) for k, w in weights.items()}

    own = {
        name: replace(
            spell,
            share=spell.share * float(np.exp(rng.normal(0, PROPORTIONS))),
            sounds=None if spell.sounds is None else other(spell.sounds),
        )
        for name, spell in setting.own.items()
    }
    return replace(
        setting,
        shared=other(setting.shared),
        own=own,
        far=other(setting.far),
        shared_time=shared_time,
    )
