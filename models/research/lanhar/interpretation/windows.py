"""LanHAR's windows of motion: 6 s at 20 Hz, from any device (§4.1.2)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from models.lanhar.activity_names import canonicals
from models.lanhar.resample import RATE, to_20_hz
from models.recordings.datasets.motion_files import Interval, MotionRecordings, read_recordings
from models.recordings.formats.arrays import load
from models.recordings.formats.columns import check_length, texts, whole_numbers
from models.recordings.protocol import RecordingError
from models.research.lib.errors import ResearchError
from schemas.atomic_file import atomic_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

FILES = (
    "hapt_50hz.npz",
    "classyglass_50hz.npz",
    "wisdm19_phone_20hz.npz",
    "wisdm19_watch_20hz.npz",
)
"""The files that the shipped weights are trained on, by name in the folder of motion."""
SAMPLES = 120
"""Rows of a window: 6 s."""
WINDOW_S = SAMPLES / RATE

_TEXT = ("label", "user", "position", "device")
_CLASSYGLASS = ("recording", "start", "label", "user")
# Postures change within 2 to 5 s, so their windows include some of the activity on either side.
_MIN_OF_SHORT = 0.3


class WindowsError(ResearchError):
    """A file or array does not have windows of motion; the message names the file and the key."""


@dataclass(frozen=True)
class Windows:
    """Labelled windows: `data` (N, 120, 6) float32, acc m/s² then gyro rad/s, xyz, at 20 Hz.

    `label` (N,) are canonical names (`models.lanhar.activity_names`), `user`, `position` and
    `device` (N,) words. `dropped` is the number of windows dropped for values that are not finite.
    """

    data: NDArray[np.float32]
    label: NDArray[np.str_]
    user: NDArray[np.str_]
    position: NDArray[np.str_]
    device: NDArray[np.str_]
    name: str
    dropped: int = 0

    def __post_init__(self) -> None:
        if self.data.ndim != 3 or self.data.shape[1:] != (SAMPLES, 6):
            raise WindowsError(
                f"{self.name}: data has shape {self.data.shape}; expected (N, {SAMPLES}, 6)"
            )
        for key in _TEXT:
            shape = getattr(self, key).shape
            if shape != (len(self.data),):
                raise WindowsError(f"{self.name}: {key} has shape {shape}; expected ({len(self)},)")

    def __len__(self) -> int:
        return len(self.data)

    def where(self, chosen: NDArray[Any]) -> Windows:
        """Return the windows selected by a mask (N,) or an index array."""
        text = {key: getattr(self, key)[chosen] for key in _TEXT}
        return Windows(data=self.data[chosen], **text, name=self.name, dropped=self.dropped)


def of_arrays(
    name: str,
    data: NDArray[Any],
    label: Sequence[str] | NDArray[Any],
    user: Sequence[str] | NDArray[Any],
    position: Sequence[str] | NDArray[Any],
    device: Sequence[str] | NDArray[Any],
) -> Windows:
    """Return windows with canonical labels, without those that have NaN or infinity."""
    values = np.asarray(data, np.float32)
    good = np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
    text = [
        np.asarray(column, dtype=np.str_)
        for column in (canonicals(map(str, label)), user, position, device)
    ]
    for key, column in zip(_TEXT, text, strict=True):
        if column.shape != (len(values),):
            raise WindowsError(f"{name}: {key} has shape {column.shape}; expected ({len(values)},)")
    labels, users, positions, devices = (column[good] for column in text)
    dropped = int((~good).sum())
    return Windows(values[good], labels, users, positions, devices, name, dropped)


def concatenate(parts: Sequence[Windows], name: str) -> Windows:
    """Return the windows of all parts, in order."""
    if not parts:
        raise WindowsError(f"{name}: no windows to put together")
    joined = {key: np.concatenate([getattr(p, key) for p in parts]) for key in ("data", *_TEXT)}
    return Windows(**joined, name=name, dropped=sum(part.dropped for part in parts))


def read_npz(path: Path) -> Windows:
    """Read a file of windows at 20 Hz, or cut a file of recordings at 50 Hz into windows.

    Layouts: `data` (N, 120, 6), `label`, `user`, and where known `position` and `device`; HAPT's
    `signal` with labelled intervals; ClassyGlass' `signal`, whose windows are in
    `classyglass_windows.npz` beside it; without such a file, recordings with a label each. Raises
    `WindowsError` naming the file and the key.
    """
    arrays = _load(path)
    if "data" in arrays:
        return _of_windows(path, arrays, path.stem)
    if "signal" not in arrays:
        raise WindowsError(
            f"file {str(path)!r} lacks data (windows) and signal (recordings); "
            f"it holds {', '.join(arrays) or 'nothing'}"
        )
    device = str(np.reshape(arrays.get("device", np.array("unknown")), -1)[0])
    try:
        motion = read_recordings(path, ("sampling_rate_hz",), (RATE, 1_000))
        return _cut(path, motion, _stretches(path, motion), device)
    except RecordingError as error:
        raise WindowsError(f"file {str(path)!r} cannot be cut into windows: {error}") from error


def write_npz(path: Path, windows: Windows) -> None:
    """Write the layout of `*_20hz.npz` that `read_npz` reads; values are kept in half precision."""
    columns = {key: getattr(windows, key) for key in _TEXT}
    with atomic_path(path) as draft, draft.open("wb") as file:
        np.savez_compressed(file, data=windows.data.astype(np.float16), **columns)


def _load(path: Path) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        raise WindowsError(f"file {str(path)!r} does not exist; expected an .npz of windows")
    try:
        with path.open("rb") as source:
            opened = np.load(source, allow_pickle=False)
            if isinstance(opened, np.ndarray):
                raise WindowsError(f"file {str(path)!r} is a single array; expected an .npz")
            return {key: opened[key] for key in opened.files}
    except WindowsError:
        raise
    except (OSError, ValueError, EOFError, BadZipFile, zlib.error) as error:
        raise WindowsError(f"file {str(path)!r} is not a readable .npz: {error}") from error


def _need(path: Path, arrays: dict[str, NDArray[Any]], keys: Sequence[str]) -> None:
    lacking = [key for key in keys if key not in arrays]
    if lacking:
        raise WindowsError(
            f"file {str(path)!r} lacks {', '.join(lacking)}; it holds {', '.join(arrays)}"
        )


def _of_windows(path: Path, arrays: dict[str, NDArray[Any]], name: str) -> Windows:
    _need(path, arrays, ("data", "label", "user"))
    data = arrays["data"]
    if data.ndim != 3 or data.shape[1:] != (SAMPLES, 6) or data.dtype.kind != "f":
        raise WindowsError(
            f"file {str(path)!r}: data is {data.dtype} {data.shape}; "
            f"expected floating point (N, {SAMPLES}, 6)"
        )
    columns = {}
    for key in _TEXT:
        column = arrays.get(key, np.array("unknown"))
        if column.ndim and column.shape != (len(data),):
            raise WindowsError(
                f"file {str(path)!r}: {key} has shape {column.shape}; expected ({len(data)},)"
            )
        columns[key] = np.broadcast_to(column.astype(np.str_), (len(data),))
    return of_arrays(name, data, **columns)


@dataclass(frozen=True)
class _Stretch:
    """A window of `user`, from a row of a recording on."""

    recording: int
    start: int
    label: str
    user: str


def _stretches(path: Path, motion: MotionRecordings) -> list[_Stretch]:
    length = round(WINDOW_S * motion.rate)
    if motion.intervals is not None:
        return _within(motion, motion.intervals, length)
    beside = path.with_name(path.name.replace("_50hz", "_windows"))
    if beside != path and beside.is_file():
        return _listed(beside, motion, length)
    if motion.labels is None:
        raise WindowsError(
            f"file {str(path)!r} has no labelled intervals or recordings, "
            f"and {beside.name!r} is not beside it"
        )
    whole = [
        Interval(number, label, 0, last - first)
        for number, (label, first, last) in enumerate(
            zip(motion.labels, motion.firsts, motion.lasts, strict=True)
        )
    ]
    return _within(motion, whole, length)


def _within(motion: MotionRecordings, intervals: Sequence[Interval], length: int) -> list[_Stretch]:
    """Return whole windows inside each interval, one window around each change of posture."""
    stretches = []
    for interval in intervals:
        if not interval.label.strip():
            continue
        number, span = interval.recording, interval.stop - interval.start
        rows = motion.lasts[number] - motion.firsts[number]
        if span >= length:
            starts = range(interval.start, interval.stop - length + 1, length)
        elif " to " in interval.label and span >= _MIN_OF_SHORT * length:
            middle = (interval.start + interval.stop - length) // 2
            starts = range(middle, middle + 1)
        else:
            continue
        stretches += [
            _Stretch(number, at, interval.label, motion.users[number])
            for at in starts
            if 0 <= at <= rows - length
        ]
    return stretches


def _listed(beside: Path, motion: MotionRecordings, length: int) -> list[_Stretch]:
    """Return ClassyGlass' windows, which the file beside lists."""
    arrays = load(beside, _CLASSYGLASS)
    recordings, starts = (whole_numbers(beside, arrays, name) for name in ("recording", "start"))
    check_length(beside, "start", len(starts), len(recordings))
    labels, users = (texts(beside, arrays, name, len(recordings)) for name in ("label", "user"))
    stretches = []
    for number, start, label, user in zip(recordings, starts, labels, users, strict=True):
        if not 0 <= number < len(motion.firsts):
            raise WindowsError(
                f"file {str(beside)!r}: recording is {number}; "
                f"expected 0 to {len(motion.firsts) - 1}"
            )
        if 0 <= start <= motion.lasts[number] - motion.firsts[number] - length:
            stretches.append(_Stretch(number, start, label, user))
    return stretches


def _cut(
    path: Path, motion: MotionRecordings, stretches: Sequence[_Stretch], device: str
) -> Windows:
    if not stretches:
        raise WindowsError(f"file {str(path)!r} holds no labelled stretch of {WINDOW_S:g} s")
    rate = motion.rate
    data = np.empty((len(stretches), SAMPLES, 6), np.float32)
    # A whole recording is resampled for each phase of its windows, to keep their context, but only
    # at the rows that are theirs.
    groups: dict[tuple[int, float], list[int]] = {}
    for index, one in enumerate(stretches):
        groups.setdefault((one.recording, one.start * RATE / rate % 1), []).append(index)
    for (recording, _), members in groups.items():
        begin = min(stretches[index].start for index in members)
        first, last = motion.firsts[recording] + begin, motion.lasts[recording]
        rows = motion.signal[first:last].astype(np.float32) / motion.scale
        starts = [round((stretches[index].start - begin) * RATE / rate) for index in members]
        # Windows may overlap.
        places, there = np.unique(np.add.outer(starts, np.arange(SAMPLES)), return_inverse=True)
        data[members] = to_20_hz(rows, rate, places)[there.reshape(-1, SAMPLES)]
    return of_arrays(
        path.stem,
        data,
        [one.label for one in stretches],
        [one.user for one in stretches],
        [motion.positions[one.recording] or "unknown" for one in stretches],
        [device] * len(stretches),
    )
