"""Uncertain windows, and the log's labels without refining."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.labels import SCENARIOS
from schemas.decision import detected_labels

BELOW = 0.5

Array = NDArray[np.float32]


def uncertain(estimates: Array, below: float = BELOW) -> NDArray[np.int64]:
    """Return the windows whose likeliest scenario is less than `below`, of estimates (N, 16)."""
    return np.flatnonzero(estimates.max(axis=1) < below)


def log_labels(estimates: Array) -> Array:
    """Return the log's labels (N, 16) of estimates (N, 16): 1 for each detected scenario."""
    labels = np.zeros(estimates.shape, np.float32)
    for row, probabilities in zip(labels, estimates.tolist(), strict=True):
        detected = detected_labels(dict(zip(SCENARIOS, probabilities, strict=True)))
        row[:] = [name in detected for name in SCENARIOS]
    return labels
