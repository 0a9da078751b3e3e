"""Which windows are in doubt, and what a log says of them while nobody refines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BELOW = 0.5

Array = NDArray[np.float32]


def uncertain(estimates: Array) -> NDArray[np.int64]:
    """Return the windows whose likeliest scenario is below 0.5, of estimates (N, 16)."""
    return np.flatnonzero(estimates.max(axis=1) < BELOW)


def stands(estimates: Array) -> Array:
    """Return what a log says of estimates (N, 16): all from 0.5 on, in doubt the likeliest."""
    said = (estimates >= BELOW).astype(np.float32)
    said[np.arange(len(said)), estimates.argmax(axis=1)] = 1.0
    return said
