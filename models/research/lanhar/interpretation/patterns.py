"""The pattern categories of an interpretation: measured levels and their names.

The prompt lists them for an endpoint (LanHAR fig. 6), and the template interpreter selects them by
the thresholds below, so both use the same vocabulary, as do the descriptions of the activities.

The thresholds of stillness and noise are from sensors at rest, those of step rates and the travel
of the trunk from gait; the others are between the medians of level walking and stairs in HAPT
(waist), ClassyGlass (head) and WISDM (pocket). No label is used at run time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.research.lanhar.interpretation.analysis import Analysis

# A window has steps if its vertical motion is periodic and as large as in walking: a head in slow
# walking has 0.6 m/s²; noise reaches a periodicity of 0.3 by chance.
STEP_AMPLITUDE = 0.6
STEP_REGULARITY = 0.40


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


def has_steps(a: Analysis) -> bool:
    """Return whether the window has steps or similarly periodic motion."""
    return a.vertical >= STEP_AMPLITUDE and regularity(a) >= STEP_REGULARITY


def regularity(a: Analysis) -> float:
    """Return the autocorrelation of the motion after one or two steps, at most 1."""
    return max(a.step_regularity, a.stride_regularity, a.repetition)


def moves(a: Analysis) -> bool:
    """Return whether there is motion beyond a resting body's tremor and the sensor's noise."""
    return a.still_share < 0.95


def amplitude(a: Analysis) -> float:
    """Return the standard deviation of all acceleration, m/s²."""
    return float(np.hypot(a.vertical, a.horizontal))


def rotation(a: Analysis) -> float:
    """Return the standard deviation of all rotation, rad/s."""
    return float(np.hypot(a.turning, a.tilting))


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


@dataclass(frozen=True)
class Mechanism:
    """A conclusion about the body from all levels; `holds` decides from the measures alone."""

    name: str
    phrases: tuple[str, ...]
    holds: Callable[[Analysis], bool]


def lift(a: Analysis) -> float:
    """Return the evidence for stairs: above 0 if they are more likely than level steps.

    It is the sum of vertical travel, vertical over horizontal motion and soft contacts (a foot on a
    stair is placed, not swung), each relative to the middle between level steps and stairs. The
    last has half the weight, since the sensor's mounting damps it.
    """
    far = (a.vertical_travel - 5.6) / 1.5
    upward = (a.vertical_balance - 0.25) / 0.3
    soft = (0.14 - a.sharpness) / 0.06
    return far + upward + 0.5 * soft


def drop(a: Analysis) -> float:
    """Return the evidence for going down: above 0 if it is more likely than going up.

    Landings have a steeper jolt than pushes and more acceleration, hardly any of it horizontal.
    """
    return 2.0 * (a.jerk_skew + 0.05) + (a.vertical_balance - 0.55) + 0.5 * (a.vertical - 2.8)


def flies(a: Analysis) -> bool:
    """Return whether the body is almost weightless between steps, with both feet in the air."""
    return has_steps(a) and a.vertical_trough > 6.5 and a.vertical >= 4.5


def climbs(a: Analysis) -> bool:
    """Return whether steps carry the body up or down."""
    return has_steps(a) and lift(a) > 0 and not (flies(a) and a.step_hz >= 2.2)


def _large(a: Analysis) -> bool:
    # A trunk or a head takes a second or longer to change its posture.
    return amplitude(a) >= 0.7 and a.slow_share >= 0.35


MECHANISMS: tuple[Mechanism, ...] = (
    Mechanism(
        "body at rest",
        ("the body rests, supported and still", "nothing moves but breath and tremor"),
        lambda a: a.still_share >= 0.7 and a.tilt_change < 15,
    ),
    Mechanism(
        "small movements of a resting body",
        (
            "the body stays in place while the hands, the head or the trunk make small movements",
            "small separate movements of a body that goes nowhere",
        ),
        lambda a: (
            moves(a)
            and not has_steps(a)
            and a.still_share < 0.7
            and not _large(a)
            and amplitude(a) < 1.8
        ),
    ),
    Mechanism(
        "single large movements",
        (
            "single large movements instead of steps, as in bending, reaching or standing up",
            "the body bends, reaches or changes its place once or a few times, without steps",
        ),
        lambda a: not has_steps(a) and _large(a),
    ),
    Mechanism(
        "irregular vigorous movement",
        (
            "vigorous movement without a steady rhythm, as in play or work with the whole body",
            "strong but irregular movements of the whole body",
        ),
        lambda a: not has_steps(a) and amplitude(a) >= 1.8 and not _large(a),
    ),
    Mechanism(
        "fast rhythm of the hands",
        (
            "a fast rhythm that is no step rate, as of hands that rub, beat or brush",
            "the hands repeat a short movement several times a second",
        ),
        lambda a: moves(a) and a.rhythm_hz >= 2.9 and a.rhythm >= 0.3,
    ),
    Mechanism(
        "level steps",
        (
            "steps on level ground: the heel strikes and the body stays at its height",
            "the feet strike level ground step by step",
        ),
        lambda a: has_steps(a) and not climbs(a) and not flies(a),
    ),
    Mechanism(
        "steps that lift or lower the body",
        (
            "each step carries the body up or down, as on stairs",
            "the body changes its height from step to step, as on a staircase",
        ),
        climbs,
    ),
    Mechanism(
        "steps that push up",
        (
            "each step begins with a long push that raises the body, as in climbing",
            "pushing up outweighs landing, as when going upstairs",
        ),
        lambda a: climbs(a) and drop(a) <= 0,
    ),
    Mechanism(
        "steps that drop down",
        (
            "each step ends in a firm landing that catches the body, as in descending",
            "landing outweighs pushing, as when going downstairs",
        ),
        lambda a: climbs(a) and drop(a) > 0,
    ),
    Mechanism(
        "flight between steps",
        (
            "both feet leave the ground between the steps, as in running or jumping",
            "the body flies for a moment before each hard landing",
        ),
        lambda a: flies(a) and not climbs(a),
    ),
)


MECHANICS = "mechanics"
"""The category of the mechanisms."""

CATEGORIES: dict[str, tuple[str, ...]] = {
    **{scale.category: tuple(level.name for level in scale.levels) for scale in SCALES},
    MECHANICS: tuple(mechanism.name for mechanism in MECHANISMS),
}
"""Names of the patterns by category, as in the prompt."""


def patterns(analysis: Analysis) -> dict[str, tuple[str, ...]]:
    """Return the names of a window's patterns by category."""
    chosen: dict[str, tuple[str, ...]] = {}
    for scale in SCALES:
        level = scale.level(analysis)
        if level is not None:
            chosen[scale.category] = (level.name,)
    mechanisms = tuple(m.name for m in MECHANISMS if m.holds(analysis))
    if mechanisms:
        chosen[MECHANICS] = mechanisms
    return chosen
