"""Synthesised sound events: one rendition for a label of `models.labels.SOUND_EVENTS`.

Every synthesiser has the form `(draw, noise, n) -> (n,) float32`. `draw` determines the source
(which dog, which tap), `noise` the rendition; the same source can thus continue in a later
rendition with the same `draw` seed and another `noise` seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol, TypeAlias

import numpy as np
from numpy.random import Generator

from models.simulation.acoustics.sounds import (
    animals,
    impacts,
    machines,
    media,
    mouth,
    signals,
    voice,
    water,
    weather,
)
from models.simulation.acoustics.sounds.dsp import FS, Wave

Synthesiser: TypeAlias = Callable[[Generator, Generator, int], Wave]


class SoundSource(Protocol):
    """A source of sounds by label: the synthesisers here, or a bank of recordings."""

    def __call__(
        self, label: str, draw: Generator, noise: Generator, n: int, rate_hz: float | None = None
    ) -> Wave:
        """Return n samples of 16 kHz mono sound, scaled by `normalise_level`.

        `rate_hz` sets the cadence of the wearer's own footsteps; other sounds ignore it.
        """


SYNTHESISERS: Mapping[str, Synthesiser] = MappingProxyType(
    {
        "speech": voice.speech,
        "laughter": voice.laughter,
        "cough": voice.cough,
        "baby cry": voice.baby_cry,
        "snoring": voice.snoring,
        "footsteps": impacts.footsteps,
        "clapping": impacts.clapping,
        "typing": impacts.typing,
        "mouse click": impacts.mouse_click,
        "writing": impacts.writing,
        "water tap": water.water_tap,
        "pouring water": water.pouring_water,
        "drinking": mouth.drinking,
        "chewing": mouth.chewing,
        "cutlery": impacts.cutlery,
        "frying": weather.frying,
        "glass": impacts.glass,
        "can opening": impacts.can_opening,
        "brushing teeth": mouth.brushing_teeth,
        "toilet flush": water.toilet_flush,
        "vacuum cleaner": machines.vacuum_cleaner,
        "washing machine": machines.washing_machine,
        "clock": impacts.clock,
        "alarm": signals.alarm,
        "door knock": impacts.door_knock,
        "door creak": signals.door_creak,
        "hand tools": impacts.hand_tools,
        "power tools": machines.power_tools,
        "engine": machines.engine,
        "vehicle": machines.vehicle,
        "train": machines.train,
        "aircraft": machines.aircraft,
        "car horn": machines.car_horn,
        "siren": signals.siren,
        "bells": signals.bells,
        "music": media.music,
        "television": media.television,
        "fireworks": signals.fireworks,
        "wind": weather.wind,
        "rain": water.rain,
        "thunder": weather.thunder,
        "sea waves": water.sea_waves,
        "fire": weather.fire,
        "birds": animals.birds,
        "dog": animals.dog,
        "cat": animals.cat,
        "farm animals": animals.farm_animals,
        "insects": animals.insects,
    }
)


def normalise_level(wave: Wave) -> Wave:
    """Scale so that the loudest third of the 20 ms frames has unit power.

    With the mean power, a few key clicks in a second of silence would be far too loud.
    """
    size = wave.size // 320 * 320
    if size == 0:
        return wave
    power = np.sort(np.mean(np.square(wave[:size].reshape(-1, 320)), axis=1))
    loud = float(np.mean(power[-max(1, power.size // 3) :]))
    return wave / np.float32(np.sqrt(loud)) if loud > 0 else wave


def synthesise(
    label: str, draw: Generator, noise: Generator, n: int, rate_hz: float | None = None
) -> Wave:
    """Return n samples of a rendition of `label`; raises `KeyError` for an unknown label."""
    if label == "footsteps" and rate_hz is not None:
        return normalise_level(impacts.steps(draw, noise, n, rate_hz))
    return normalise_level(SYNTHESISERS[label](draw, noise, n).astype(np.float32, copy=False))


__all__ = [
    "FS",
    "SYNTHESISERS",
    "SoundSource",
    "Synthesiser",
    "Wave",
    "normalise_level",
    "synthesise",
]
