"""Checks of measured impulse responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.recordings.formats.columns import numbers
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_DISTANCES_M = (0.1, 20.0)


def checked_responses(
    path: Path, values: NDArray[Any], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return responses as float32 if they are finite numbers of `shape`, where -1 is any length.

    Raises `RecordingError`, also where one of them is silent.
    """
    numbers(path, {"responses": values}, "responses", shape)
    if not values.size or not np.isfinite(values).all():
        raise RecordingError(f"{path.name} has no or not finite responses; expected finite ones")
    sounds = values.any(axis=-1)
    if not sounds.all():
        raise RecordingError(
            f"{path.name} has {int((~sounds).sum())} silent responses of {sounds.size}; "
            "expected one to sound at each ear from each place"
        )
    return values.astype(np.float32)


def checked_distances(path: Path, metres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return distances in m, to the millimetre; raises `RecordingError` if they are hardly in m."""
    low, high = _DISTANCES_M
    for wrong in metres[(metres < low) | (metres > high)]:
        raise RecordingError(
            f"{path.name} has a source at {wrong:g}; expected metres, {low:g} to {high:g}"
        )
    return np.round(metres, 3)
