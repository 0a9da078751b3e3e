"""Free Spoken Digit Dataset, as strings of digits with pauses: real speech, `SPEAKER_NN.ogg`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.recordings.datasets.esc50 import SUFFIXES
from models.recordings.splits import Split, speaker_split

if TYPE_CHECKING:
    from pathlib import Path

Float32 = NDArray[np.float32]

RATE = 16_000
FRAME = 320
"""Samples of a frame, 20 ms, for detecting speech."""

# A weak fricative is about 30 dB below the vowels beside it.
SPEAKING_DB = -35.0
MIN_FRAMES = 3
# Frames kept on each side of speech: closures within a word last up to twice as long.
BESIDE_FRAMES = 5


def speaker(path: Path) -> str:
    """Return a file's speaker: its name up to the last underscore."""
    return path.stem.rpartition("_")[0] or path.stem


def clips(folder: Path, split: Split | None = None) -> list[Path]:
    """Return the files of the speakers of `split`, or of all for None; [] without the folder."""
    if not folder.is_dir():
        return []
    return [
        path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in SUFFIXES
        and (split is None or speaker_split(speaker(path)) == split)
    ]


def speaking(wave: Float32) -> NDArray[np.bool_]:
    """(n,) at 16 kHz -> (n // 320,), True for each 20 ms with speech, by energy.

    Speech is at most 35 dB below the mean of the loudest third, for at least three frames in a row:
    shorter sounds are clicks of the lips.
    """
    power = np.square(wave[: len(wave) // FRAME * FRAME], dtype=np.float64)
    power = power.reshape(-1, FRAME).mean(axis=1)
    loud = np.sort(power)[-max(1, len(power) // 3) :]
    level = loud.mean() if loud.size else 0.0
    loud_enough = (power > 0) & (power >= level * 10 ** (SPEAKING_DB / 10))
    return np.asarray(ndimage.binary_opening(loud_enough, np.ones(MIN_FRAMES)))


def without_pauses(wave: Float32) -> Float32:
    """Shorten every pause to 0.2 s at most, half of it after a word and half before the next."""
    frames = speaking(wave)
    kept = ndimage.binary_dilation(frames, iterations=BESIDE_FRAMES)
    out: Float32 = wave[: len(frames) * FRAME].reshape(-1, FRAME)[kept].reshape(-1)
    return out
