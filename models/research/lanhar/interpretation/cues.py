"""Cues to what a body does, from the measures of a window: steps, flight, stairs, rest.

The thresholds of steps are from gait, the others are between the medians of level walking and
stairs in HAPT (waist), ClassyGlass (head) and WISDM (pocket). No label is used at run time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from models.research.lanhar.interpretation.analysis import Analysis

# A window has steps if its vertical motion is periodic and as large as in walking: a head in slow
# walking has 0.6 m/s²; noise reaches a periodicity of 0.3 by chance.
STEP_AMPLITUDE = 0.6
STEP_REGULARITY = 0.40


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
