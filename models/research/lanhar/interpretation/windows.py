"""LanHAR's windows of motion: 6 s at 20 Hz, from any device (§4.1.2)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from models.lanhar.activity_names import canonicals
from models.lanhar.resample import RATE, to_20_hz
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
_MOTION_50 = ("signal", "scale", "recording_start", "recording_stop", "recording_user")
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
    `classyglass_windows.npz` beside it. Raises `WindowsError` naming the file and the key.
    """
    arrays = _load(path)
    name = path.stem
    if "data" in arrays:
        return _of_windows(path, arrays, name)
    if "interval_label" in arrays:
        return _of_intervals(path, arrays, name)
    if "signal" in arrays:
        return _of_listed(path, arrays, name)
    raise WindowsError(
        f"file {str(path)!r} lacks data (windows) and signal (recordings); "
        f"it holds {', '.join(arrays) or 'nothing'}"
    )


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


def _of_intervals(path: Path, arrays: dict[str, NDArray[Any]], name: str) -> Windows:
    """HAPT: whole windows inside each interval, one window around each change of posture."""
    keys = tuple(f"interval_{part}" for part in ("recording", "start", "stop", "label"))
    _need(path, arrays, (*_MOTION_50, *keys))
    rate = _rate(path, arrays)
    length = round(WINDOW_S * rate)
    cuts: list[tuple[int, int, str]] = []
    for recording, start, stop, label in zip(*(arrays[k].tolist() for k in keys), strict=True):
        rows = int(arrays["recording_stop"][recording] - arrays["recording_start"][recording])
        span = stop - start
        if span >= length:
            starts = range(start, stop - length + 1, length)
        elif " to " in label and span >= _MIN_OF_SHORT * length:
            middle = (start + stop - length) // 2
            starts = range(middle, middle + 1)
        else:
            continue
        cuts += [(recording, at, label) for at in starts if 0 <= at <= rows - length]
    users = arrays["recording_user"]
    return _cut(path, arrays, rate, cuts, [str(users[cut[0]]) for cut in cuts], name)


def _of_listed(path: Path, arrays: dict[str, NDArray[Any]], name: str) -> Windows:
    """ClassyGlass: the windows listed in the file beside it."""
    beside = path.with_name(path.name.replace("_50hz", "_windows"))
    if beside == path or not beside.is_file():
        raise WindowsError(
            f"file {str(path)!r} has no labelled intervals, and {beside.name!r} is not beside it"
        )
    listed = _load(beside)
    _need(path, arrays, _MOTION_50)
    _need(beside, listed, _CLASSYGLASS)
    rate = _rate(path, arrays)
    length = round(WINDOW_S * rate)
    rows = (arrays["recording_stop"] - arrays["recording_start"]).tolist()
    columns = zip(*(listed[key].tolist() for key in _CLASSYGLASS), strict=True)
    cuts, users = [], []
    for recording, start, label, user in columns:
        if not 0 <= recording < len(rows):
            raise WindowsError(
                f"file {str(beside)!r}: recording is {recording}; expected 0 to {len(rows) - 1}"
            )
        if 0 <= start <= rows[recording] - length:
            cuts.append((recording, start, str(label)))
            users.append(str(user))
    return _cut(path, arrays, rate, cuts, users, name)


def _cut(
    path: Path,
    arrays: dict[str, NDArray[Any]],
    rate: float,
    cuts: list[tuple[int, int, str]],
    users: list[str],
    name: str,
) -> Windows:
    if not cuts:
        raise WindowsError(f"file {str(path)!r} holds no labelled stretch of {WINDOW_S:g} s")
    data = np.empty((len(cuts), SAMPLES, 6), np.float32)
    # A whole recording is resampled for each phase of its windows, to keep their context, but only
    # at the rows that are theirs.
    groups: dict[tuple[int, float], list[int]] = {}
    for index, (recording, start, _) in enumerate(cuts):
        groups.setdefault((recording, start * RATE / rate % 1), []).append(index)
    scale = arrays["scale"].astype(np.float32)
    for (recording, _), members in groups.items():
        first, last = (int(arrays[f"recording_{end}"][recording]) for end in ("start", "stop"))
        begin = min(cuts[index][1] for index in members)
        rows = arrays["signal"][first + begin : last].astype(np.float32) / scale
        starts = [round((cuts[index][1] - begin) * RATE / rate) for index in members]
        # Windows may overlap.
        places, there = np.unique(np.add.outer(starts, np.arange(SAMPLES)), return_inverse=True)
        data[members] = to_20_hz(rows, rate, places)[there.reshape(-1, SAMPLES)]
    position, device = (
        [str(np.reshape(arrays[key], -1)[0]) if key in arrays else "unknown"] * len(cuts)
        for key in ("position", "device")
    )
    return of_arrays(name, data, [label for *_, label in cuts], users, position, device)


def _rate(path: Path, arrays: dict[str, NDArray[Any]]) -> float:
    _need(path, arrays, ("sampling_rate_hz",))
    rate = float(arrays["sampling_rate_hz"])
    if not RATE <= rate <= 1_000:
        raise WindowsError(
            f"file {str(path)!r}: sampling_rate_hz is {rate:g}; expected {RATE} to 1000"
        )
    return rate
