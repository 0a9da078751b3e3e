"""Checks of measured impulse responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def checked_responses(
    path: Path, values: NDArray[Any], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return responses as float32 if they are finite numbers of `shape`, where -1 is any length.

    Raises `RecordingError`.
    """
    fits = values.ndim == len(shape) and all(
        length in (-1, own) for own, length in zip(values.shape, shape, strict=True)
    )
    if not fits or values.dtype.kind not in "iuf":
        expected = ", ".join("any" if length == -1 else str(length) for length in shape)
        raise RecordingError(
            f"{path.name} has responses of shape {values.shape} and {values.dtype}; "
            f"expected numbers of shape ({expected})"
        )
    if not values.size or not np.isfinite(values).all():
        raise RecordingError(f"{path.name} has no or not finite responses; expected finite ones")
    return values.astype(np.float32)
