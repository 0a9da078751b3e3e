"""Checks of measured impulse responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.recordings.formats.columns import numbers
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


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
