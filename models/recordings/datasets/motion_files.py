"""Checked reading of `NAME_50hz.npz` (recordings) and `NAME_20hz.npz` (windows of 6 s).

What contradicts itself is refused rather than read as something else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from models.recordings.formats.arrays import holds, load
from models.recordings.formats.columns import (
    check_length,
    numbers,
    rate_hz,
    text,
    texts,
    whole_numbers,
)
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.recordings.formats.columns import Arrays

RATE = 50.0
CUT_RATE = 20.0
_RECORDINGS = ("recording_start", "recording_stop", "recording_user")
_INTERVALS = ("interval_recording", "interval_label", "interval_start", "interval_stop")
_OPTIONAL = (
    *_INTERVALS,
    "recording_label",
    "recording_t0_unix_s",
    "pressure_pa",
    "sampling_rate_hz",
    "position",
)


@dataclass(frozen=True)
class Interval:
    """A label of rows [start, stop) of a recording, none of them where the file's lie outside."""

    recording: int
    label: str
    start: int
    stop: int


@dataclass(frozen=True)
class MotionRecordings:
    """Recordings at 50 Hz: `signal` (T, 6) divided by `scale` (6,) is m/s² and rad/s.

    Recording r is rows [firsts[r], lasts[r]), of `users[r]`, from `began_s[r]` on. `labels` (R,)
    and `intervals` are None where the file has none, as `pressure_pa` (T,) is; `positions` (R,) are
    then empty texts. `rate` is the file's own, Hz, within 1 % of 50 unless others are asked for.
    """

    signal: NDArray[Any] = field(repr=False)
    scale: NDArray[np.float32]
    rate: float
    firsts: list[int]
    lasts: list[int]
    users: list[str]
    began_s: list[float]
    labels: list[str] | None
    intervals: list[Interval] | None
    pressure_pa: NDArray[Any] | None = field(repr=False)
    positions: list[str]


@dataclass(frozen=True)
class MotionCuts:
    """Windows at 20 Hz: `data` (N, rows, 6), m/s² and rad/s, with their `labels` (N,).

    A file of whole numbers has a `scale` that they are divided by, as recordings have.

    `users` (N,) and `positions` (N,) are whose and where; a position is empty where it is unknown.
    """

    data: NDArray[Any] = field(repr=False)
    labels: list[str]
    users: list[str]
    positions: list[str]


def read_motion(path: Path) -> MotionRecordings | MotionCuts:
    """Read a file of either layout, told apart by its array `data`; raises `RecordingError`."""
    return read_cuts(path) if holds(path, "data") else read_recordings(path)


def read_recordings(
    path: Path, needed: Sequence[str] = (), rates: tuple[float, float] | None = None
) -> MotionRecordings:
    """Read recordings; raises `RecordingError` naming file, array and what is expected.

    `needed` are optional arrays that the caller cannot do without; `rates` the lowest and the
    highest rate in Hz that it can use, 50 Hz alone without.
    """
    arrays = load(path, ("signal", "scale", *_RECORDINGS, *needed), _OPTIONAL)
    signal = numbers(path, arrays, "signal", (-1, 6))
    rate = _rate(path, arrays, RATE) if rates is None else _rate_within(path, arrays, rates)
    firsts, lasts = (whole_numbers(path, arrays, f"recording_{end}") for end in ("start", "stop"))
    users = texts(path, arrays, "recording_user", len(firsts))
    check_length(path, "recording_stop", len(lasts), len(firsts))
    for number, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
        if not 0 <= first <= last <= len(signal):
            raise RecordingError(
                f"{path.name} has recording {number} in rows {first} to {last}; "
                f"expected rows of its {len(signal)}"
            )
    labels = None
    if "recording_label" in arrays:
        labels = texts(path, arrays, "recording_label", len(firsts))
    pressure = None
    if "pressure_pa" in arrays:
        pressure = numbers(path, arrays, "pressure_pa", (len(signal),))
    lengths = [last - first for first, last in zip(firsts, lasts, strict=True)]
    return MotionRecordings(
        signal,
        _scale(path, arrays),
        rate,
        firsts,
        lasts,
        users,
        _began_s(path, arrays, firsts, needed),
        labels,
        _intervals(path, arrays, lengths),
        pressure,
        _positions(path, arrays, len(firsts)),
    )


def read_cuts(path: Path) -> MotionCuts:
    """Read windows; raises `RecordingError` naming file, array and what is expected."""
    arrays = load(path, ("data", "label", "user"), ("position", "sampling_rate_hz", "scale"))
    data = numbers(path, arrays, "data", (-1, -1, 6))
    _rate(path, arrays, CUT_RATE)
    if "scale" in arrays:
        data = data / _scale(path, arrays)
    elif data.dtype.kind != "f":
        raise RecordingError(
            f"{path.name} has data of {data.dtype} without scale; expected m/s² and rad/s"
        )
    labels, users = (texts(path, arrays, name, len(data)) for name in ("label", "user"))
    return MotionCuts(data, labels, users, _positions(path, arrays, len(data)))


def _scale(path: Path, arrays: Arrays) -> NDArray[np.float32]:
    scale = np.reshape(arrays["scale"], -1)
    if scale.dtype.kind not in "iuf" or scale.size not in (1, 6) or not (scale > 0).all():
        raise RecordingError(f"{path.name} has scale {scale.tolist()}; expected six above 0")
    return np.broadcast_to(scale.astype(np.float32), 6)


def _rate(path: Path, arrays: Arrays, expected: float) -> float:
    rate = rate_hz(path, arrays, ("sampling_rate_hz",), expected)
    if not np.isclose(rate, expected, rtol=0.01):
        raise RecordingError(
            f"{path.name} is sampled at {rate:g} Hz; expected {expected:g}, as its name says"
        )
    return rate


def _rate_within(path: Path, arrays: Arrays, rates: tuple[float, float]) -> float:
    rate = rate_hz(path, arrays, ("sampling_rate_hz",), RATE)
    low, high = rates
    if not low <= rate <= high:
        raise RecordingError(f"{path.name} is sampled at {rate:g} Hz; expected {low:g} to {high:g}")
    return rate


def _positions(path: Path, arrays: Arrays, count: int) -> list[str]:
    words = [text(word) for word in np.reshape(arrays.get("position", ""), -1).tolist()]
    if len(words) == 1:
        return words * count
    check_length(path, "position", len(words), count)
    return words


def _began_s(path: Path, arrays: Arrays, firsts: list[int], needed: Sequence[str]) -> list[float]:
    # A file without times has its recordings one after another.
    began = np.asarray(firsts, np.float64) / RATE
    if "recording_t0_unix_s" in arrays:
        given = numbers(path, arrays, "recording_t0_unix_s", (len(firsts),))
        if np.isfinite(given).all():
            began = given.astype(np.float64)
        elif "recording_t0_unix_s" in needed:
            raise RecordingError(
                f"{path.name} has recording_t0_unix_s {given[~np.isfinite(given)][0]}; "
                "expected seconds since 1970"
            )
    return [float(each) for each in began]


def _intervals(path: Path, arrays: Arrays, lengths: list[int]) -> list[Interval] | None:
    if "interval_label" not in arrays:
        return None
    missing = [name for name in _INTERVALS if name not in arrays]
    if missing:
        raise RecordingError(f"{path.name} has labels of intervals, but no {', '.join(missing)}")
    recordings, starts, stops = (
        whole_numbers(path, arrays, f"interval_{name}") for name in ("recording", "start", "stop")
    )
    labels = texts(path, arrays, "interval_label", len(starts))
    for name, column in (("interval_recording", recordings), ("interval_stop", stops)):
        check_length(path, name, len(column), len(starts))
    intervals = []
    for recording, label, start, stop in zip(recordings, labels, starts, stops, strict=True):
        if not 0 <= recording < len(lengths):
            raise RecordingError(
                f"{path.name} has an interval of recording {recording}; "
                f"expected one of its {len(lengths)}"
            )
        begin, end = max(0, start), min(stop, lengths[recording])
        intervals.append(Interval(recording, label, begin, max(begin, end)))
    return intervals
