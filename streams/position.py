"""A device's body position: from its frames, or else from its wearer's steps (LanHAR §3.3.2).

A device with two or more microphones is assumed to have them at or near the ears, as all processing
of its sound assumes. So it counts as on the head before the first steps, and afterwards unless they
show another position: a phone has two microphones as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.lanhar.step_position import estimate
from schemas import BodyPosition
from streams.har import ranked_motion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.lanhar.step_position import StepPosition
    from schemas import Window


def position_after(
    classifier: StepPosition | None, state: Sequence[float], window: Window
) -> Sequence[float]:
    """Return a session's position evidence from steps after one more activity window.

    Steps are ignored if the frames have a position, or if there is no classifier.
    """
    imu = ranked_motion(window)
    if classifier is None or window.position is not None or imu is None:
        return state
    return classifier.after(state, imu)


def worn_at(window: Window, state: Sequence[float]) -> BodyPosition | None:
    """Return the device's position in a window, None if unknown."""
    if window.position is not None:
        return BodyPosition(at=window.position, probability=1.0, said=True)
    by_steps = estimate(state)
    if (window.channels or 1) > 1 and (by_steps is None or by_steps.at == "unknown"):
        return BodyPosition(at="head", probability=1.0)
    return by_steps
