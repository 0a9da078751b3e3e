"""Interpreting a window by templates, without an endpoint (LanHAR §3.3.1).

Sentences follow from the analysis only; randomness selects between equivalent phrasings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy.random import Generator, default_rng

from models.research.lanhar.interpretation.cues import (
    amplitude,
    has_steps,
    moves,
    regularity,
    rotation,
)
from models.research.lanhar.interpretation.interpretation import Interpretation
from models.research.lanhar.interpretation.mechanisms import MECHANISMS
from models.research.lanhar.interpretation.patterns import patterns
from models.research.lanhar.interpretation.scales import SCALES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from models.research.lanhar.interpretation.analysis import Analysis

DETAILS = (1, 2, 3)
"""1: sentences on measures that transfer between devices; 2: on all, with the patterns' names;
3: also numbers."""

_FIRST = (
    "amplitude of movement",
    "direction of movement",
    "vertical travel",
    "sharpness of steps",
    "shape of steps",
    "periodicity",
    "posture",
    "stillness",
    "upright posture",
)
FRAMES: dict[str, tuple[str, ...]] = {
    "amplitude of movement": ("The sensor measures {}.", "There is {}.", "Overall, {} is seen."),
    "vertical acceleration": ("The accelerometer shows {}.", "Along gravity there is {}."),
    "direction of movement": ("It is {}.", "The accelerometer shows {}."),
    "periodicity": ("The accelerometer shows {}.", "There is {}.", "Over time there is {}."),
    "step rate": ("There are {}.", "The rhythm is that of {}."),
    "vertical travel": ("Vertically, {}.", "In height, {}."),
    "sharpness of steps": ("The ground is met with {}.", "The steps bring {}."),
    "shape of steps": ("In each step {}.", "Within a step {}."),
    "quickness of movement": ("The movement consists of {}.", "There are {}."),
    "rotation": ("The gyroscope shows {}.", "There is {} in the gyroscope."),
    "axis of rotation": ("The rotation is {}.", "The gyroscope shows {}."),
    "swinging or shaking": ("The sensor is {}.", "The device is {}."),
    "posture": ("Meanwhile {}.", "Throughout the window {}."),
    "stillness": ("The body is {}.", "The wearer is {}."),
    "course": ("In these six seconds {}.", "Over the window {}."),
    "upright posture": ("The body is {}.", "The sensor is {}."),
}
MECHANISM_FRAMES = ("Most likely {}.", "The pattern is this: {}.", "In all, {}.")


def interpret_by_template(analysis: Analysis, detail: int, rng: Generator) -> Interpretation:
    """Return the interpretation of one window at a level of `DETAILS`.

    Raises `ValueError` for another level.
    """
    if detail not in DETAILS:
        raise ValueError(f"detail is {detail!r}; expected one of {', '.join(map(str, DETAILS))}")
    chosen = patterns(analysis)
    # The most important first, since a text encoder may truncate the end.
    sentences = [*_mechanisms(analysis, rng), *_scales(analysis, detail, rng)]
    if detail > 1:
        named = [name for names in chosen.values() for name in names]
        sentences.append(f"Patterns: {', '.join(named)}.")
    if detail == 3:
        sentences += list(_numbers(analysis))
    return Interpretation(patterns=chosen, text=" ".join(sentences), detail=detail)


def interpret_all_by_template(
    analyses: Sequence[Analysis], detail: int = 1, seed: int = 0
) -> list[Interpretation]:
    """Return an interpretation of each window.

    The wording depends on `seed` and the window's index, not on other windows. The lowest level of
    detail transfers best: with words alone four activities were recognised between HAPT and
    ClassyGlass with a macro-F1 of 0.77 (mean of both directions), 0.74 with more.
    """
    return [
        interpret_by_template(analysis, detail, default_rng((seed, index)))
        for index, analysis in enumerate(analyses)
    ]


def _scales(analysis: Analysis, detail: int, rng: Generator) -> Iterator[str]:
    for scale in SCALES:
        if detail == 1 and scale.category not in _FIRST:
            continue
        level = scale.level(analysis)
        if level is not None:
            frame = _one(FRAMES[scale.category], rng)
            yield frame.format(_one(level.phrases, rng))


def _mechanisms(analysis: Analysis, rng: Generator) -> Iterator[str]:
    for mechanism in MECHANISMS:
        if mechanism.holds(analysis):
            yield _one(MECHANISM_FRAMES, rng).format(_one(mechanism.phrases, rng))


def _numbers(a: Analysis) -> Iterator[str]:
    yield (
        f"Acceleration varies by {amplitude(a):.2f} m/s², {a.vertical:.2f} of it vertical, "
        f"rotation by {rotation(a):.2f} rad/s."
    )
    if has_steps(a):
        yield (
            f"Steps come at {a.step_hz:.1f} Hz and travel {a.vertical_travel:.0f} cm; "
            f"{100 * a.sharpness:.0f} % of the vertical energy lies above 4 Hz."
        )
        yield f"One step later the signal is alike to {100 * regularity(a):.0f} %."
    elif moves(a):
        yield f"The strongest frequency is {a.rhythm_hz:.1f} Hz."
    if a.tilt_change >= 2:
        yield f"From beginning to end the sensor tilts by {a.tilt_change:.0f} degrees."


def _one(choices: Sequence[str], rng: Generator) -> str:
    return choices[int(rng.integers(len(choices)))]
