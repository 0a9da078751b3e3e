"""Windows from any `imu/NAME_50hz.npz` or `imu/NAME_20hz.npz`, with all labels that fit.

Labels are canonical: `walking`, `going upstairs`, `standing up`. Alternatives that the data cannot
distinguish are joined by " or ", and either is right. A window is labelled by its middle.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from scipy import signal

from models.recordings.datasets.labelled_motion import STANDING_UP_AND_DOWN
from models.recordings.datasets.posture_changes import HALF_ROWS, changes
from models.recordings.splits import Split, in_split, trained_on
from schemas.position import POSITIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from schemas.position import Place, Position

T = TypeVar("T")

ROWS = 250
"""Rows of a window: 5 s at 50 Hz."""
_RATE, _CUT_RATE = 50, 20
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
}
# Several activities in one recording, none of them marked.
_MIXTURES = ("TUG",)


@dataclass(frozen=True)
class LabelledWindows:
    """N windows: `imu` (N, rows, 6) m/s² and rad/s, and the correct names of each.

    `labels` are the file's own, `names` the canonical ones; `wearers` and `starts_s` give wearer
    and start, s; each wearer's windows are in order of time. `left_out` counts intervals shorter
    than half a window that are not changes of posture, and windows whose middle would lie outside
    their interval. `position` is the device's, None if the file does not have it.
    """

    imu: NDArray[np.float32]
    labels: tuple[str, ...]
    names: tuple[frozenset[str], ...]
    left_out: int = 0
    wearers: tuple[str, ...] = ()
    starts_s: tuple[float, ...] = ()
    position: Place | None = None

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
        )


def _at(values: tuple[T, ...], places: Sequence[int]) -> tuple[T, ...]:
    """Return the values at these indices, or () if there are none."""
    return tuple(values[place] for place in places) if values else ()


def read(path: Path, rows: int = ROWS, split: Split | None = None) -> LabelledWindows:
    """Read the windows of a file's unseen users: the test split, if any user was trained on.

    A window has `rows` rows at 50 Hz, at most 300. `split` selects another split, for training or
    validation.

    A file without labels has no windows. Raises `KeyError` for another layout.
    """
    with np.load(path) as file:
        if "data" in file.files:
            windows = _cut(file["data"], file["label"], file["user"], rows, split)
        else:
            windows = _recorded(
                {
                    name: file[name]
                    for name in file.files
                    if name.startswith(("recording_", "interval_", "signal", "scale", "pressure"))
                },
                rows,
                split,
            )
        place = str(np.reshape(file["position"], -1)[0]) if "position" in file.files else ""
        return replace(windows, position=position_of(place))


def position_of(place: str) -> Position | None:
    """Return the position for a data set's own term, such as "trouser pocket"."""
    words = re.findall("[a-z]+", place.lower())
    return next((position for position in POSITIONS if position in words), None)


def names_of(label: str) -> frozenset[str]:
    """Return the canonical names of a label, with its alternatives."""
    parts = label.split(" or ")
    return frozenset(name for part in parts for name in _NAMES.get(part, (part,)))


def _split_of(users: NDArray[np.str_], wanted: Split | None) -> Split | None:
    if wanted is not None:
        return wanted
    known = set(map(str, np.unique(users))) & set(trained_on()["motion"])
    return "test" if known else None


def _cut(
    data: NDArray[np.float16],
    labels: NDArray[np.str_],
    users: NDArray[np.str_],
    length: int,
    wanted: Split | None,
) -> LabelledWindows:
    split = _split_of(users, wanted)
    rows = np.array([in_split(str(user), split) for user in users], bool)
    even = signal.resample_poly(data[rows].astype(np.float64), 5, 2, axis=1, padtype="line")
    spare = (even.shape[1] - length) // 2
    kept = tuple(map(str, labels[rows]))
    return LabelledWindows(
        even[:, spare : spare + length].astype(np.float32),
        kept,
        tuple(map(names_of, kept)),
        wearers=tuple(map(str, users[rows])),
        # Such files tell no times, and cut what they have into windows one after another.
        starts_s=tuple(data.shape[1] / _CUT_RATE * place for place in range(len(kept))),
    )


def _recorded(
    file: dict[str, NDArray[np.generic]], length: int, wanted: Split | None
) -> LabelledWindows:
    split = _split_of(np.asarray(file["recording_user"], np.str_), wanted)
    windows, labels, wearers, starts_s, left_out = [], [], [], [], 0
    for user, label, start, stop, first, last, began_s in _stretches(file):
        if label in _MIXTURES or not in_split(user, split):
            continue
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
            windows.append(file["signal"][begin : begin + length] / file["scale"])  # type: ignore[operator]
            labels.append(label)
            wearers.append(str(user))
            starts_s.append(began_s + (begin - first) / _RATE)
    imu = np.asarray(windows, np.float32) if windows else np.zeros((0, length, 6), np.float32)
    # Some files do not list a wearer's recordings in order of time.
    whose = list(dict.fromkeys(wearers))
    order = sorted(range(len(imu)), key=lambda at: (whose.index(wearers[at]), starts_s[at]))
    read_in_turn = LabelledWindows(
        imu, tuple(labels), tuple(map(names_of, labels)), left_out, tuple(wearers), tuple(starts_s)
    )
    return read_in_turn.take(order)


def _stretches(
    file: dict[str, NDArray[np.generic]],
) -> Iterator[tuple[str, str, int, int, int, int, float]]:
    """Yield user, label, first and last row of each stretch, and those of its recording.

    The last is when the recording began, s.
    """
    firsts, lasts = file["recording_start"].tolist(), file["recording_stop"].tolist()
    # A file without times has its recordings one after another.
    began = np.asarray(file.get("recording_t0_unix_s", file["recording_start"] / _RATE)).tolist()  # type: ignore[operator]
    users = file["recording_user"].tolist()
    if not {"interval_label", "recording_label"} & file.keys():
        return
    if "interval_label" not in file:
        for user, label, first, last, began_s in zip(
            users, file["recording_label"].tolist(), firsts, lasts, began, strict=True
        ):
            if label == STANDING_UP_AND_DOWN and "pressure_pa" in file:
                for middle, name in _changes(file, first, last):
                    around = (middle - HALF_ROWS, middle + HALF_ROWS)
                    yield user, name, *around, first, last, began_s
            else:
                yield user, label, first, last, first, last, began_s
        return
    columns = [
        file[f"interval_{name}"].tolist() for name in ("recording", "label", "start", "stop")
    ]
    for recording, label, start, stop in zip(*columns, strict=True):
        first, last = firsts[recording], lasts[recording]
        stretch = (first + start, first + stop, first, last)
        yield users[recording], label, *stretch, began[recording]


def _changes(
    file: dict[str, NDArray[np.generic]], first: int, last: int
) -> Iterator[tuple[int, str]]:
    values = np.asarray(file["signal"][first:last], np.float32) / np.asarray(file["scale"])
    for change in changes(values, np.asarray(file["pressure_pa"][first:last], np.float64)):
        yield first + change.middle, change.name
