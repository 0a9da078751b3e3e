"""Where a device is worn: as its frames say, or else as its wearer's steps show (LanHAR §3.3.2).

Who hears with two microphones or more has them at the ears or beside them, as all that is made of
their sound supposes. So such a device is on the head before any steps are seen, and stays there
unless they show it elsewhere: a phone has two microphones as well.
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
    """Return what a session's steps say about the position after one more activity window.

    The steps are not asked where the device says it itself, or where there is no classifier.
    """
    imu = ranked_motion(window)
    if classifier is None or window.position is not None or imu is None:
        return state
    return classifier.after(state, imu)


def worn_at(window: Window, state: Sequence[float]) -> BodyPosition | None:
    """Return where the device is worn in a window, None where nothing says so."""
    if window.position is not None:
        return BodyPosition(at=window.position, probability=1.0, said=True)
    by_steps = estimate(state)
    if (window.channels or 1) > 1 and (by_steps is None or by_steps.at == "unknown"):
        return BodyPosition(at="head", probability=1.0)
    return by_steps
