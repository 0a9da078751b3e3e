"""The mechanisms of an interpretation: what the body does, concluded from all measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.research.lanhar.interpretation.cues import (
    amplitude,
    climbs,
    drop,
    flies,
    has_steps,
    moves,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.research.lanhar.interpretation.analysis import Analysis


@dataclass(frozen=True)
class Mechanism:
    """A conclusion about the body from all levels; `holds` decides from the measures alone."""

    name: str
    phrases: tuple[str, ...]
    holds: Callable[[Analysis], bool]


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
