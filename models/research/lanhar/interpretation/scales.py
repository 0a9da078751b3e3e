"""The scales of an interpretation: a measure of the window, divided into named levels.

The thresholds of stillness and noise are from sensors at rest, those of step rates and the travel
of the trunk from gait; the others are between the medians of level walking and stairs in HAPT
(waist), ClassyGlass (head) and WISDM (pocket).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.research.lanhar.interpretation.cues import (
    amplitude,
    has_steps,
    moves,
    regularity,
    rotation,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.research.lanhar.interpretation.analysis import Analysis


@dataclass(frozen=True)
class Level:
    """A pattern's name, as in the prompt, and alternative sentences for it."""

    name: str
    phrases: tuple[str, ...]


@dataclass(frozen=True)
class Scale:
    """A category: the ascending `borders` divide the range of `measure` into `levels`.

    There is one level more than borders; a value equal to a border belongs to the upper level.
    `applies` returns whether the category is meaningful for a window.
    """

    category: str
    measure: Callable[[Analysis], float]
    unit: str
    borders: tuple[float, ...]
    levels: tuple[Level, ...]
    applies: Callable[[Analysis], bool]

    def level(self, analysis: Analysis) -> Level | None:
        """Return the level of a window, None if the category does not apply."""
        if not self.applies(analysis):
            return None
        return self.levels[int(np.searchsorted(self.borders, self.measure(analysis), "right"))]


def _always(_: Analysis) -> bool:
    return True


def _loose(a: Analysis) -> bool:
    return moves(a) and not has_steps(a)


def _rotates(a: Analysis) -> bool:
    return rotation(a) >= 0.12


def _levels(*levels: tuple[str, ...]) -> tuple[Level, ...]:
    return tuple(Level(name, tuple(phrases)) for name, *phrases in levels)


SCALES: tuple[Scale, ...] = (
    Scale(
        "amplitude of movement",
        amplitude,
        "m/s²",
        # Noise, breathing and tremor, hands at work, slow steps, steps, hard steps, running.
        (0.12, 0.35, 0.9, 1.8, 3.0, 4.5, 8.0),
        _levels(
            ("motionless", "practically no movement at all", "complete rest"),
            ("faint movement", "only a faint movement", "a barely noticeable movement"),
            ("slight movement", "a slight movement", "a movement of small amplitude"),
            ("mild movement", "a mild movement", "a movement of fairly small amplitude"),
            ("moderate movement", "a moderate movement", "a movement of moderate amplitude"),
            ("strong movement", "a strong movement", "a movement of large amplitude"),
            ("vigorous movement", "a vigorous movement", "a movement of very large amplitude"),
            ("violent movement", "a violent movement", "a movement with extreme accelerations"),
        ),
        _always,
    ),
    Scale(
        "vertical acceleration",
        lambda a: a.vertical,
        "m/s²",
        (0.4, 0.9, 1.5, 2.1, 2.8, 4.5),
        _levels(
            ("negligible vertical acceleration", "hardly any acceleration up and down"),
            ("weak vertical acceleration", "a weak acceleration up and down"),
            ("light vertical acceleration", "a light up and down acceleration"),
            ("medium vertical acceleration", "an up and down acceleration of medium strength"),
            ("strong vertical acceleration", "a strong up and down acceleration"),
            ("very strong vertical acceleration", "a very strong up and down acceleration"),
            ("extreme vertical acceleration", "an extreme up and down acceleration"),
        ),
        moves,
    ),
    Scale(
        "direction of movement",
        lambda a: a.vertical_balance,
        "ln(vertical/horizontal)",
        (-0.5, -0.15, 0.18, 0.42, 0.7),
        _levels(
            ("mainly horizontal", "mainly horizontal motion, to the sides and back and forth"),
            ("rather horizontal", "somewhat more horizontal than vertical motion"),
            ("horizontal and vertical alike", "as much horizontal as vertical motion"),
            ("rather vertical", "clearly more vertical than horizontal motion"),
            ("mainly vertical", "mainly vertical motion"),
            ("almost only vertical", "almost only vertical motion"),
        ),
        moves,
    ),
    Scale(
        "periodicity",
        regularity,
        "autocorrelation",
        (0.25, 0.45, 0.65, 0.82),
        _levels(
            ("lack of periodic pattern", "no periodic pattern"),
            ("weak periodic pattern", "a weak periodic pattern"),
            ("periodic pattern", "a clear periodic pattern"),
            ("strong periodic pattern", "a strong, regular periodic pattern"),
            ("very strong periodic pattern", "a very strong and even periodic pattern"),
        ),
        moves,
    ),
    Scale(
        "step rate",
        lambda a: a.step_hz,
        "Hz",
        (1.4, 1.62, 1.85, 2.2),
        _levels(
            ("slow steps", "slow steps, fewer than three in two seconds"),
            ("unhurried steps", "unhurried steps"),
            ("steps at a usual rate", "steps at the usual rate of level walking"),
            ("quick steps", "quick steps, about two a second"),
            ("running steps", "rapid steps, as many as in running"),
        ),
        has_steps,
    ),
    Scale(
        "vertical travel",
        lambda a: a.vertical_travel,
        "cm",
        # A level step lifts the trunk by 3 to 5 cm, a stair by 15 to 18 cm.
        (2.5, 4.2, 5.6, 7.0, 8.5),
        _levels(
            ("hardly any bobbing", "the body hardly bobs"),
            ("small bobbing", "the body bobs a little at each step"),
            ("usual bobbing", "the body bobs as in level steps"),
            ("large bobbing", "the body rises and sinks far at each step"),
            ("very large bobbing", "the body rises and sinks very far at each step"),
            ("extreme bobbing", "the body is thrown up and caught at each step"),
        ),
        has_steps,
    ),
    Scale(
        "sharpness of steps",
        lambda a: a.sharpness,
        "share above 4 Hz",
        (0.05, 0.09, 0.14, 0.2, 0.3),
        _levels(
            ("very soft steps", "very soft, rounded jolts almost without high frequencies"),
            ("soft steps", "soft jolts with few high frequencies"),
            ("rather soft steps", "rather soft jolts"),
            ("crisp steps", "crisp heel strikes"),
            ("sharp steps", "sharp heel strikes with many high frequencies"),
            ("very sharp steps", "very sharp strikes, full of high frequencies"),
        ),
        has_steps,
    ),
    Scale(
        "shape of steps",
        lambda a: a.jerk_skew,
        "skewness of jerk",
        (-0.5, -0.2, 0.05, 0.3),
        _levels(
            ("abrupt unloading", "the load builds up gently and falls away abruptly"),
            ("brisk push-off", "the load builds up more gently than it falls away"),
            ("even loading and unloading", "the load builds up and falls away alike"),
            ("firm landing", "the load builds up faster than it falls away"),
            ("abrupt landing", "the load builds up abruptly and falls away gently"),
        ),
        has_steps,
    ),
    Scale(
        "quickness of movement",
        lambda a: a.centroid_hz,
        "Hz",
        (1.0, 1.8, 2.6, 3.5, 4.5),
        _levels(
            ("slow drift", "slow changes that take a second or longer"),
            ("calm movement", "calm, unhurried changes"),
            ("lively movement", "lively changes"),
            ("quick movement", "quick changes"),
            ("hasty movement", "hasty, short changes"),
            ("trembling", "a fine, fast trembling"),
        ),
        _loose,
    ),
    Scale(
        "rotation",
        rotation,
        "rad/s",
        (0.04, 0.12, 0.3, 0.6, 1.0, 2.0),
        _levels(
            ("no rotation", "no rotation"),
            ("faint rotation", "a faint rotation"),
            ("slight rotation", "a slight rotation"),
            ("moderate rotation", "a moderate rotation"),
            ("marked rotation", "a marked rotation"),
            ("strong rotation", "a strong rotation"),
            ("very strong rotation", "a very strong swinging rotation"),
        ),
        _always,
    ),
    Scale(
        "axis of rotation",
        lambda a: a.turning_balance,
        "ln(turning/tilting)",
        (-0.9, -0.3, 0.2),
        _levels(
            ("almost only tilting", "almost only tilting, forward and back or sideways"),
            ("mainly tilting", "mainly tilting and little turning"),
            ("turning and tilting alike", "turning and tilting alike"),
            ("mainly turning", "mainly turning about the vertical, to the left and right"),
        ),
        _rotates,
    ),
    Scale(
        "swinging or shaking",
        lambda a: a.rotation_balance,
        "ln(rad/s per m/s²)",
        (-1.9, -1.4, -0.8),
        _levels(
            ("shaking", "shaken far more than it is rotated"),
            ("rather shaking", "shaken more than it is rotated"),
            ("swinging and shaking", "rotated about as much as it is shaken"),
            ("swinging", "swung to and fro rather than shaken"),
        ),
        _rotates,
    ),
    Scale(
        "posture",
        lambda a: a.tilt_change,
        "degrees",
        (2.0, 6.0, 15.0, 40.0),
        _levels(
            ("posture held", "the posture does not change"),
            ("posture nearly held", "the posture hardly changes"),
            ("slight change of posture", "the posture changes a little"),
            ("change of posture", "the posture changes"),
            ("turned over", "the posture is turned over"),
        ),
        _always,
    ),
    Scale(
        "stillness",
        lambda a: a.still_share,
        "share of half seconds",
        (0.1, 0.4, 0.7, 0.95),
        _levels(
            ("moving throughout", "in motion all the time"),
            ("moving with short rests", "in motion, with short rests"),
            ("moving and resting by turns", "moving and resting by turns"),
            ("resting with few movements", "mostly at rest, with a few short movements"),
            ("resting throughout", "at rest all the time"),
        ),
        _always,
    ),
    Scale(
        "course",
        lambda a: a.trend,
        "ln(end/beginning)",
        (-0.7, -0.25, 0.25, 0.7),
        _levels(
            ("coming to rest", "it comes to rest towards the end"),
            ("fading", "it weakens a little towards the end"),
            ("constant", "its strength stays the same"),
            ("growing", "it grows a little towards the end"),
            ("setting in", "it sets in only towards the end"),
        ),
        moves,
    ),
    Scale(
        "upright posture",
        lambda a: a.upright_angle or 0.0,
        "degrees",
        (12.0, 35.0, 60.0),
        _levels(
            ("upright as in standing", "held as when the wearer stands or walks"),
            ("leaning from upright", "leaning away from the wearer's upright posture"),
            ("half reclined", "half reclined from the wearer's upright posture"),
            ("turned flat", "turned flat, about a right angle from the wearer's upright posture"),
        ),
        lambda a: a.upright_angle is not None,
    ),
)
