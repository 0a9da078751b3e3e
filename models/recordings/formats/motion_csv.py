"""Motion as CSV: a header that names units, regular rows, holes allowed; read block by block.

Columns: `time_s`, `acc_x_UNIT` to `acc_z_UNIT` (UNIT `m_s2` or `g`), `gyro_x_UNIT` to `gyro_z_UNIT`
(`rad_s` or `deg_s`), in any order; others are ignored.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import numpy as np

from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

ACC_UNITS = {"m_s2": 1.0, "g": 9.80665}
GYRO_UNITS = {"rad_s": 1.0, "deg_s": float(np.pi / 180)}
IMU_RATES = (10.0, 800.0)

_ROWS = 4_096  # lines that are held at once
_HOLE = 1.5  # periods


class UnusableFileError(ValueError):
    """A file of a folder cannot be used; the text is the reason in the report."""


@dataclass(frozen=True)
class MotionSegment:
    """Rows without a hole, the first of them at `start_ns`."""

    path: Path
    start_ns: int
    first_row: int
    rows: int


@dataclass(frozen=True)
class _Columns:
    """Positions of time and the six values, and the factors to m/s² and rad/s."""

    order: tuple[int, ...]
    factors: NDArray[np.float64]


def _columns(header: Sequence[str]) -> _Columns:
    names = [name.strip() for name in header]
    if "time_s" not in names:
        raise UnusableFileError(f"has no column time_s; its header is {','.join(names)[:200]!r}")
    order, factors = [names.index("time_s")], [1.0]
    for sensor, units in (("acc", ACC_UNITS), ("gyro", GYRO_UNITS)):
        for axis in "xyz":
            prefix = f"{sensor}_{axis}"
            accepted = " or ".join(f"{prefix}_{unit}" for unit in units)
            column = next((c for c in names if c == prefix or c.startswith(f"{prefix}_")), None)
            if column is None:
                raise UnusableFileError(f"has no column {accepted}")
            unit = column[len(prefix) + 1 :]
            if unit not in units:
                given = f"unit {unit!r}" if unit else "no unit"
                raise UnusableFileError(f"column {column!r} names {given}; expected {accepted}")
            order.append(names.index(column))
            factors.append(units[unit])
    return _Columns(tuple(order), np.array(factors))


def _blocks(path: Path, first_row: int = 0) -> Iterator[NDArray[np.float64]]:
    """Yield blocks (n, 7) of time, acc m/s² and gyro rad/s from `first_row` on."""
    with path.open(newline="", encoding="utf-8") as file:
        header = next(csv.reader([file.readline()]), [])
        columns = _columns(header)
        lines = islice((line for line in file if line.strip()), first_row, None)
        row = first_row
        while block := list(islice(lines, _ROWS)):
            try:
                values = np.loadtxt(
                    block, delimiter=",", usecols=columns.order, ndmin=2, comments=None
                )
            except (ValueError, IndexError) as error:
                raise UnusableFileError(f"rows {row + 1} to {row + len(block)}: {error}") from error
            if not np.isfinite(values).all():
                raise UnusableFileError(
                    f"rows {row + 1} to {row + len(block)} hold values not finite"
                )
            row += len(block)
            yield values * columns.factors


class Rows:
    """Reads rows of a CSV in ascending order, a block at a time."""

    def __init__(self, path: Path, first_row: int) -> None:
        self._blocks = _blocks(path, first_row)
        self._held = np.empty((0, 7))
        self._at = first_row

    def take(self, first: int, last: int) -> NDArray[np.float64]:
        """Return rows [first, last); `first` may not lie before an earlier call's."""
        while self._at + len(self._held) < last:
            drop = min(max(first - self._at, 0), len(self._held))
            block = next(self._blocks, None)
            if block is None:
                raise UnusableFileError(f"ends before row {last}")
            self._held = np.concatenate([self._held[drop:], block])
            self._at += drop
        return self._held[first - self._at : last - self._at]


def times_of(path: Path) -> NDArray[np.float64]:
    """Return the times of all rows, s; raises `UnusableFileError` unless they rise."""
    parts = [block[:, 0] for block in _blocks(path)]
    times = np.concatenate(parts) if parts else np.empty(0)
    if times.size < 2:
        raise UnusableFileError(f"holds {times.size} rows; expected at least 2")
    if times[0] < 0:
        raise UnusableFileError(f"time_s starts at {times[0]}; expected 0 or more")
    backwards = np.flatnonzero(np.diff(times) <= 0)
    if backwards.size:
        row = int(backwards[0]) + 2
        raise UnusableFileError(
            f"time_s does not rise at row {row}: {times[row - 2]} to {times[row - 1]}"
        )
    return times


def rate_of(times: NDArray[np.float64]) -> float:
    """Return the samples a second between holes; raises `UnusableFileError` outside `IMU_RATES`."""
    steps = np.diff(times)
    typical = float(np.median(steps))
    regular = steps[steps < _HOLE * typical]
    rate = 1 / float(np.mean(regular))
    # Stamps rounded to the millisecond hide a whole rate; a real 49.9 Hz must stay, or it drifts.
    slack = max(1e-5, 0.002 / float(times[-1] - times[0]))
    rate = float(round(rate)) if abs(rate - round(rate)) < slack * rate else round(rate, 3)
    low, high = IMU_RATES
    if not low <= rate <= high:
        raise UnusableFileError(f"rate is {rate:g} Hz; expected {low:g} to {high:g}")
    return rate


def stretches_of(
    path: Path, times: NDArray[np.float64], rate: float, base_ns: int
) -> Iterator[MotionSegment]:
    """Yield the stretches between holes; `base_ns` is the time of `time_s` 0."""
    holes = np.flatnonzero(np.diff(times) > _HOLE / rate) + 1
    borders = [0, *holes.tolist(), times.size]
    for first, last in pairwise(borders):
        yield MotionSegment(path, base_ns + round(float(times[first]) * NS), first, last - first)
