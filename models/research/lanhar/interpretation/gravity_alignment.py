"""Estimating each device's orientation on an upright wearer, from unlabelled motion.

A walking wearer is upright. If the device's orientation is stable over all steps, the direction of
gravity distinguishes lying and sitting from standing, at any position on the body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.research.lanhar.interpretation.cues import has_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from models.research.lanhar.interpretation.analysis import Analysis
    from models.research.lanhar.interpretation.windows import Windows

MIN_WINDOWS = 5
ALIKE = 0.95
"""Minimum length of the mean direction of gravity in a wearer's steps: 1 if the device never moves.
Below this the device was put on again or turned in its pocket, and the direction is meaningless."""
_NEAR = np.cos(np.radians(30))
_ROUNDS = 3


def gravity(windows: Windows) -> NDArray[np.float32]:
    """Return the mean direction of gravity in each window, (N, 3) unit vectors."""
    mean = windows.data[..., :3].mean(axis=1)
    unit: NDArray[np.float32] = mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-6)
    return unit


def wearers(windows: Windows) -> NDArray[np.int64]:
    """Return a number, (N,) from 0 on, for each wearer with one device at one place."""
    worn = np.char.add(np.char.add(windows.user, "\0"), np.char.add(windows.position, "\0"))
    worn = np.char.add(worn, windows.device)
    numbers: NDArray[np.int64] = np.unique(worn, return_inverse=True)[1]
    return numbers


def uprights(windows: Windows, analyses: Sequence[Analysis]) -> NDArray[np.float32]:
    """Return the direction of gravity when upright, (N, 3) unit vectors, NaN where unknown."""
    return _of_wearers(windows, analyses, _direction)


def axes(windows: Windows, analyses: Sequence[Analysis]) -> NDArray[np.float32]:
    """Return the axis of gravity when upright, (N, 3) unit vectors, NaN where unknown.

    An axis has no sign: a phone that was put back upside down is along the same thigh. It is the
    one near most of a wearer's steps, so that a few in another orientation do not rotate it.
    """
    return _of_wearers(windows, analyses, _line)


def _of_wearers(
    windows: Windows,
    analyses: Sequence[Analysis],
    find: Callable[[NDArray[np.float32]], NDArray[np.float32] | None],
) -> NDArray[np.float32]:
    """Set for all windows of a wearer the result of `find` for gravity (S, 3) in their steps."""
    direction = gravity(windows)
    steps = np.array([has_steps(analysis) for analysis in analyses], dtype=bool)
    directions = np.full((len(windows), 3), np.nan, np.float32)
    worn = wearers(windows)
    for one in range(worn.max(initial=-1) + 1):
        of_one = worn == one
        walked = direction[of_one & steps]
        if len(walked) < MIN_WINDOWS:
            continue
        upright = find(walked)
        if upright is not None:
            directions[of_one] = upright
    return directions


def _direction(walked: NDArray[np.float32]) -> NDArray[np.float32] | None:
    mean: NDArray[np.float32] = walked.mean(axis=0)
    length = float(np.linalg.norm(mean))
    return mean / length if length >= ALIKE else None


def _line(walked: NDArray[np.float32]) -> NDArray[np.float32] | None:
    near = walked
    for _ in range(_ROUNDS):
        axis: NDArray[np.float32] = np.linalg.eigh(near.T @ near)[1][:, -1]
        near = walked[np.abs(walked @ axis) > _NEAR]
        if len(near) < MIN_WINDOWS:
            return None
    return axis if len(near) >= len(walked) / 2 else None
