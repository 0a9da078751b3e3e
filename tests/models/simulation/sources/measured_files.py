"""Small files of measured heads and rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# Louder in the ear that is turned to the source: (places, ears) for 0°, 90° and 270°.
LEVELS = np.array([[1.0, 1.0], [2.0, 0.5], [0.5, 2.0]], np.float32)
AROUND = tuple(float(turn) for turn in range(0, 360, 5))


def dummy_head_file(path: Path, **changes: Any) -> Path:
    """Write a head whose left ear alone hears what is at its left, at two distances."""
    turns = np.tile(np.arange(-180, 180, 5), 2)
    hrir = np.zeros((len(turns), 2, 43), np.float16)
    hrir[:, :, 5] = 0.25
    hrir[turns == 90, 0, 5] = 0.5
    arrays = {
        "hrir": hrir,
        "azimuth_deg": turns.astype(np.float32),
        "distance_m": np.repeat(np.array([3.25, 0.5], np.float32), 72),
        "sample_rate": np.int32(16_000),
    }
    np.savez(path, **{**arrays, **changes})
    return path


def sofa_file(
    path: Path,
    azimuth: tuple[float, ...] = (0, 90, 270),
    levels: NDArray[np.float32] = LEVELS,
    rate: float = 16_000,
    left_y: float = 0.09,
) -> Path:
    """Write responses (places, ears) of one sample at given levels, all 1.5 m away."""
    responses = np.zeros((len(azimuth), 2, 8), np.float32)
    responses[:, :, 0] = levels
    with h5py.File(path, "w") as file:
        file["Data.IR"] = responses
        file["Data.SamplingRate"] = [rate]
        file["SourcePosition"] = [[angle, 0.0, 1.5] for angle in azimuth]
        file["ReceiverPosition"] = np.array([[0, left_y, 0], [0, -left_y, 0]])[..., None]
    return path
