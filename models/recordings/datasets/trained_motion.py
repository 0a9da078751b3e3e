"""Which recordings of motion the shipped weights were trained on.

Data sets name their users alike, `u01` or `s01`, so a name alone says nothing: a file is one that
was trained on if a recording of a listed user also begins as the listed one does.
"""

from __future__ import annotations

import zlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from models.recordings.datasets.motion_files import MotionCuts
from models.recordings.unseen import trained_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from models.recordings.datasets.motion_files import MotionRecordings
    from models.recordings.splits import Split

PLACE_OF: Mapping[str, str] = MappingProxyType(
    {
        "classyglass_50hz.npz": "head",
        "wisdm19_phone_20hz.npz": "pocket",
        "geotec_phone_50hz.npz": "pocket",
        "wisdm19_watch_20hz.npz": "wrist",
        "geotec_watch_50hz.npz": "wrist",
        "hapt_50hz.npz": "waist",
    }
)
"""The files of the training users, and where their devices are worn."""
_ROWS = 50
_STEP = 0.01
"""m/s² and rad/s: a resolution at which scaled integers and their float32 are still alike."""
_PHASE = 0.37
"""Of a step: no value on a grid of thousandths lies at a border."""
_MOST = 2**30


def unseen_split(motion: MotionRecordings | MotionCuts) -> Split | None:
    """Return the split with unseen users: the test split of files trained on, else None (all)."""
    known = trained_on()
    users, starts = set(known["motion"]), set(known["motion_starts"])
    seen = any(user in users and start in starts for user, start in recording_starts(motion))
    return "test" if seen else None


def recording_starts(motion: MotionRecordings | MotionCuts) -> Iterator[tuple[str, str]]:
    """Yield the user and the checksum of the first rows of each recording, or of each window."""
    if isinstance(motion, MotionCuts):
        for user, window in zip(motion.users, motion.data, strict=True):
            yield user, _checksum(window[:_ROWS])
        return
    for user, first, last in zip(motion.users, motion.firsts, motion.lasts, strict=True):
        yield user, _checksum(motion.signal[first : min(first + _ROWS, last)] / motion.scale)


def _checksum(values: NDArray[Any]) -> str:
    steps = np.asarray(values, np.float64) / _STEP + _PHASE
    whole = np.floor(np.clip(np.nan_to_num(steps), -_MOST, _MOST))
    return f"{zlib.crc32(whole.astype('<i4').tobytes()):08x}"
