"""Labelled motion at any rate, cut into windows of one activity each."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.lanhar.resample import RATE, to_20_hz
from models.recordings.resampling import stretches
from models.research.lanhar.interpretation.windows import SAMPLES, Windows, WindowsError, of_arrays

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from models.recordings.report import SetReport

G = 9.80665
"""Standard gravity, m/s²: 1 g in the data sets."""


@dataclass(frozen=True)
class SensorTrack:
    """One device's motion in one recording.

    Both sensors have their own times (n,) in s and values (n, 3), m/s² and rad/s. `label` (n,) is
    that of `acc`; an empty one is no activity. `rate` is that of the grid, Hz, to which they are
    interpolated before resampling to 20 Hz: about the rate of the recording.
    """

    acc_s: NDArray[np.float64]
    acc: NDArray[np.float64]
    gyro_s: NDArray[np.float64]
    gyro: NDArray[np.float64]
    label: NDArray[np.str_]
    rate: float
    user: str
    position: str
    device: str


def even_track(
    number: NDArray[np.int64],
    values: NDArray[np.float64],
    label: NDArray[np.str_],
    rate: float,
    user: str,
    position: str,
    device: str,
) -> SensorTrack:
    """Return a track of evenly recorded rows, of which `number` (n,) are present."""
    times = number / rate
    return SensorTrack(
        times, values[:, :3], times, values[:, 3:], label, rate, user, position, device
    )


@dataclass
class _Cut:
    data: list[NDArray[np.float32]] = field(default_factory=list)
    text: list[tuple[str, str, str, str]] = field(default_factory=list)


def windows_of(name: str, tracks: Iterable[SensorTrack], report: SetReport) -> Windows:
    """Cut tracks into windows of 6 s without overlap, none of them across a gap or two labels.

    Raises `WindowsError` with the report if there is none.
    """
    cut = _Cut()
    short: dict[str, list[float]] = {}
    for track in tracks:
        for piece in stretches(track.acc_s, track.acc, track.gyro_s, track.gyro, track.rate):
            even = to_20_hz(piece.values, track.rate)
            if len(even) < SAMPLES:
                short.setdefault(track.device, []).append(len(even) / RATE)
            times = piece.start_s + np.arange(len(even)) / RATE
            _cut_stretch(even, _nearest(track.acc_s, track.label, times), track, cut)
    if not cut.data:
        raise WindowsError(
            f"{name}: no window of one activity could be read "
            f"({str(report) or 'every stretch is shorter than 6 s'})"
        )
    for device, seconds in short.items():
        report.skip(
            Path(device),
            f"{len(seconds)} stretches between holes, {sum(seconds):.0f} s, are shorter than a "
            f"window of {SAMPLES / RATE:.0f} s",
        )
    return of_arrays(name, np.stack(cut.data), *zip(*cut.text, strict=True))


def _cut_stretch(
    even: NDArray[np.float32], label: NDArray[np.str_], track: SensorTrack, cut: _Cut
) -> None:
    borders = [0, *(np.flatnonzero(label[1:] != label[:-1]) + 1).tolist(), len(label)]
    for first, last in pairwise(borders):
        if first == last or not label[first]:
            continue
        for start in range(first, last - SAMPLES + 1, SAMPLES):
            cut.data.append(even[start : start + SAMPLES])
            cut.text.append((str(label[first]), track.user, track.position, track.device))


def _nearest(
    times: NDArray[np.float64], label: NDArray[np.str_], at: NDArray[np.float64]
) -> NDArray[np.str_]:
    order = np.argsort(times, kind="stable")
    times, label = times[order], label[order]
    after = np.searchsorted(times, at).clip(1, max(len(times) - 1, 1))
    if len(times) == 1:
        return np.repeat(label, len(at))
    before = after - 1
    nearer = np.where(at - times[before] <= times[after] - at, before, after)
    nearest: NDArray[np.str_] = label[nearer]
    return nearest
