"""How each wearer's device sits when its wearer is on their feet, from unlabelled motion alone.

Whoever walks is upright. Where a device sits alike in all of a wearer's steps, the direction of
gravity in them tells lying and sitting from standing, wherever on the body the device is worn.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.lanhar.analysis import Analysis
from models.lanhar.patterns import has_steps
from models.lanhar.windows import Windows

LEAST_WINDOWS = 5
ALIKE = 0.95
"""Length of the mean direction of gravity in a wearer's steps: 1 if the device never moves. Below
this the device was put on anew or turned in its pocket, and the direction means nothing."""


def uprights(windows: Windows, analyses: Sequence[Analysis]) -> NDArray[np.float32]:
    """Return the direction of gravity when upright, (N, 3) unit vectors, NaN where unknown."""
    gravity = windows.data[..., :3].mean(axis=1)
    direction = gravity / np.maximum(np.linalg.norm(gravity, axis=1, keepdims=True), 1e-6)
    steps = np.array([has_steps(analysis) for analysis in analyses], dtype=bool)
    found = np.full((len(windows), 3), np.nan, np.float32)
    worn = np.char.add(np.char.add(windows.user, "\0"), np.char.add(windows.position, "\0"))
    worn = np.char.add(worn, windows.device)
    for one in np.unique(worn):
        of_one = worn == one
        walked = direction[of_one & steps]
        if len(walked) < LEAST_WINDOWS:
            continue
        mean = walked.mean(axis=0)
        length = float(np.linalg.norm(mean))
        if length >= ALIKE:
            found[of_one] = mean / length
    return found
