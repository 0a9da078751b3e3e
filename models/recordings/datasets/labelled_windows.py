"""Windows from any `imu/NAME_50hz.npz` or `imu/NAME_20hz.npz`, with all labels that fit.

Labels are canonical: `walking`, `going upstairs`, `standing up`. Alternatives that the data cannot
distinguish are joined by " or ", and either is right. A window is labelled by its middle.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from scipy import signal

from models.labels import ACTIVITIES
from models.recordings.datasets.labelled_motion import STANDING_UP_AND_DOWN
from models.recordings.datasets.motion_files import (
    CUT_RATE,
    RATE,
    MotionCuts,
    MotionRecordings,
    read_motion,
)
from models.recordings.datasets.posture_changes import HALF_ROWS, changes
from models.recordings.datasets.trained_motion import unseen_split
from models.recordings.protocol import RecordingError
from models.recordings.splits import Split, in_split
from schemas.position import POSITIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from schemas.position import Place

T = TypeVar("T")

ROWS = 250
"""Rows of a window: 5 s at 50 Hz."""
CHANGES = ("standing up", "sitting down")
"""Changes of posture, which are shorter than a window."""

# Data sets' own names to canonical ones; if two fit, the more general one comes second.
_NAMES: dict[str, tuple[str, ...]] = {
    "stairs": ("going upstairs", "going downstairs"),
    "stairs (undirected)": ("going upstairs", "going downstairs"),
    "jogging": ("running",),
    "running/jogging": ("running",),
    "sit to stand": ("standing up",),
    "lie to stand": ("standing up",),
    "stand up from sitting": ("standing up",),
    "stand to sit": ("sitting down",),
    "sitting reading": ("sitting",),
    "sitting using computer": ("sitting",),
    "computer browsing": ("sitting",),
    "sitting moving chair": ("sitting",),
    "sitting moving head/body": ("sitting",),
    "computer typing": ("typing on a keyboard", "sitting"),
    "typing": ("typing on a keyboard",),
    "sitting writing": ("writing", "sitting"),
    "teeth": ("brushing teeth",),
    "folding": ("folding clothes",),
    "chips": ("eating",),
    "pasta": ("eating",),
    "sandwich": ("eating",),
    "soup": ("eating",),
    "stairs (direction unclear)": ("going upstairs", "going downstairs"),
    "sitting fidgeting": ("sitting",),
    "walk": ("walking",),
    "run": ("running",),
    "jog": ("running",),
    "sit": ("sitting",),
    "stand": ("standing",),
    "laying": ("lying",),
    "upstairs": ("going upstairs",),
    "downstairs": ("going downstairs",),
    "walking upstairs": ("going upstairs",),
    "walking downstairs": ("going downstairs",),
    "ascending stairs": ("going upstairs",),
    "descending stairs": ("going downstairs",),
}
_ACTIVITY_OF = {name.lower(): name for name in ACTIVITIES}
# Words for a device that stand for where it is worn.
_PLACE_OF: dict[str, Place] = {
    "earbud": "ear",
    "earbuds": "ear",
    "earphone": "ear",
    "earphones": "ear",
    "eyeglasses": "glasses",
    "head": "head",
    "hip": "waist",
    "belt": "waist",
    "smartwatch": "wrist",
    "watch": "wrist",
}
ON_STAIRS = frozenset({"going upstairs", "going downstairs"})
"""Activities of LanHAR that are walking to EgoLog."""
# Several activities in one recording, none of them marked.
_MIXTURES = ("TUG",)


@dataclass(frozen=True)
class LabelledWindows:
    """N windows: `imu` (N, rows, 6) m/s² and rad/s, and the correct names of each.

    `labels` are the file's own, `names` the canonical ones; `wearers` and `starts_s` give wearer
    and start, s; each wearer's windows are in order of time. `left_out` counts intervals shorter
    than half a window that are not changes of posture, windows whose middle would lie outside
    their interval, and windows with values that are not finite. `positions` are the devices', None
    where the file does not have it; a user with devices at several positions is several wearers,
    named `USER at POSITION`.
    """

    imu: NDArray[np.float32]
    labels: tuple[str, ...]
    names: tuple[frozenset[str], ...]
    left_out: int = 0
    wearers: tuple[str, ...] = ()
    starts_s: tuple[float, ...] = ()
    positions: tuple[Place | None, ...] = ()

    def __len__(self) -> int:
        return len(self.imu)

    def take(self, places: Sequence[int]) -> LabelledWindows:
        """Return the windows at these indices; `left_out` is unchanged."""
        return replace(
            self,
            imu=self.imu[list(places)],
            labels=_at(self.labels, places),
            names=_at(self.names, places),
            wearers=_at(self.wearers, places),
            starts_s=_at(self.starts_s, places),
            positions=_at(self.positions, places),
        )


def _at(values: tuple[T, ...], places: Sequence[int]) -> tuple[T, ...]:
    """Return the values at these indices, or () if there are none."""
    return tuple(values[place] for place in places) if values else ()


def read(path: Path, rows: int = ROWS, split: Split | None = None) -> LabelledWindows:
    """Read the windows of a file's unseen users: the test split, if any user was trained on.

    A window has `rows` rows at 50 Hz, at most 300. `split` selects another split, for training or
    validation.

    A file without labels has no windows. Raises `RecordingError` if the file cannot be used.
    """
    motion = read_motion(path)
    split = split or unseen_split(motion)
    if isinstance(motion, MotionCuts):
        return _cut(path, motion, rows, split)
    return _windows_of(motion, rows, split)


def position_of(place: str) -> Place | None:
    """Return the position for a data set's own term, such as "trouser pocket"."""
    words = re.findall("[a-z]+", place.lower())
    exact: Place | None = next((position for position in POSITIONS if position in words), None)
    return exact or next((_PLACE_OF[word] for word in words if word in _PLACE_OF), None)


def names_of(label: str) -> frozenset[str]:
    """Return the canonical names of a label, with its alternatives, however it is spelled."""
    parts = [_plain(part) for part in re.split(r"\s+or\s+", label.strip(), flags=re.IGNORECASE)]
    return frozenset(
        name for part in parts for name in _NAMES.get(part, (_ACTIVITY_OF.get(part, part),))
    )


def right_activities(windows: LabelledWindows) -> list[frozenset[str]]:
    """Return the right activities of each window; stairs count as walking."""
    return [right | {"walking"} if right & ON_STAIRS else right for right in windows.names]


def _plain(text: str) -> str:
    return " ".join(text.replace("_", " ").lower().split())


def _wearers(users: Sequence[str], positions: Sequence[str]) -> list[str]:
    """Return the wearer of each recording, which tells a user's devices apart if there are more."""
    devices = defaultdict(set)
    for user, position in zip(users, positions, strict=True):
        devices[user].add(position)
    return [
        f"{user} at {position or 'no position'}" if len(devices[user]) > 1 else user
        for user, position in zip(users, positions, strict=True)
    ]


def _cut(path: Path, cuts: MotionCuts, length: int, split: Split | None) -> LabelledWindows:
    whole = round(cuts.data.shape[1] * RATE / CUT_RATE)
    if whole < length:
        raise RecordingError(
            f"{path.name} has windows of {cuts.data.shape[1]} rows; "
            f"expected {round(length * CUT_RATE / RATE)} or more at {CUT_RATE:g} Hz"
        )
    finite = np.isfinite(cuts.data).all(axis=(1, 2))
    ours = [
        at
        for at, (user, label) in enumerate(zip(cuts.users, cuts.labels, strict=True))
        if in_split(user, split) and label.strip()
    ]
    places = [place for place, at in enumerate(ours) if finite[at]]
    kept = [ours[place] for place in places]
    even = signal.resample_poly(cuts.data[kept].astype(np.float64), 5, 2, axis=1, padtype="line")
    spare = (whole - length) // 2
    wearers = _wearers(cuts.users, cuts.positions)
    return LabelledWindows(
        even[:, spare : spare + length].astype(np.float32),
        tuple(cuts.labels[at] for at in kept),
        tuple(names_of(cuts.labels[at]) for at in kept),
        len(ours) - len(kept),
        wearers=tuple(wearers[at] for at in kept),
        # Such files tell no times, and cut what they have into windows one after another.
        starts_s=tuple(cuts.data.shape[1] / CUT_RATE * place for place in places),
        positions=tuple(position_of(cuts.positions[at]) for at in kept),
    )


def _windows_of(motion: MotionRecordings, length: int, split: Split | None) -> LabelledWindows:
    wearer_of = _wearers(motion.users, motion.positions)
    windows, labels, wearers, starts_s, positions, left_out = [], [], [], [], [], 0
    for recording, label, start, stop in _stretches(motion):
        if label in _MIXTURES or not label.strip() or not in_split(motion.users[recording], split):
            continue
        first, last = motion.firsts[recording], motion.lasts[recording]
        rows = stop - start
        if rows < length // 2 and not names_of(label) <= set(CHANGES):
            left_out += 1
            continue
        count = max(1, rows // length)
        for middle in start + rows * (np.arange(count) + 0.5) / count:
            begin = min(max(int(middle) - length // 2, first), last - length)
            if begin < first or not start <= begin + length // 2 < stop:
                left_out += 1
                continue
            window = np.asarray(motion.signal[begin : begin + length] / motion.scale, np.float32)
            if not np.isfinite(window).all():
                left_out += 1
                continue
            windows.append(window)
            labels.append(label)
            wearers.append(wearer_of[recording])
            starts_s.append(motion.began_s[recording] + (begin - first) / RATE)
            positions.append(position_of(motion.positions[recording]))
    imu = np.asarray(windows, np.float32) if windows else np.zeros((0, length, 6), np.float32)
    # Some files do not list a wearer's recordings in order of time.
    whose = list(dict.fromkeys(wearers))
    order = sorted(range(len(imu)), key=lambda at: (whose.index(wearers[at]), starts_s[at]))
    read_in_turn = LabelledWindows(
        imu,
        tuple(labels),
        tuple(map(names_of, labels)),
        left_out,
        tuple(wearers),
        tuple(starts_s),
        tuple(positions),
    )
    return read_in_turn.take(order)


def _stretches(motion: MotionRecordings) -> Iterator[tuple[int, str, int, int]]:
    """Yield the recording, the label, and the first and last row of each stretch."""
    if motion.intervals is not None:
        for interval in motion.intervals:
            first = motion.firsts[interval.recording]
            yield interval.recording, interval.label, first + interval.start, first + interval.stop
        return
    labels = motion.labels or [""] * len(motion.users)
    for recording, (label, first, last) in enumerate(
        zip(labels, motion.firsts, motion.lasts, strict=True)
    ):
        if label == STANDING_UP_AND_DOWN and motion.pressure_pa is not None:
            for middle, name in _changes(motion, motion.pressure_pa, first, last):
                yield recording, name, middle - HALF_ROWS, middle + HALF_ROWS
        else:
            yield recording, label, first, last


def _changes(
    motion: MotionRecordings, pressure_pa: NDArray[Any], first: int, last: int
) -> Iterator[tuple[int, str]]:
    values = np.asarray(motion.signal[first:last], np.float32) / motion.scale
    for change in changes(values, np.asarray(pressure_pa[first:last], np.float64)):
        yield first + change.middle, change.name
