"""Holes filled and values between rows, in sums of a fixed order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]


def fill_short_holes(samples: Float32, mask: Mask, longest: int) -> Float32:
    """Zero missing samples, but interpolate inner holes of at most `longest` samples."""
    if mask.all():
        return samples
    out = np.where(mask, samples, np.float32(0.0)).astype(np.float32)
    edges = np.flatnonzero(np.diff(np.concatenate(([True], mask, [True])).astype(np.int8)))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if start > 0 and stop < len(mask) and stop - start <= longest:
            steps = np.arange(1, stop - start + 1, dtype=np.float32) / np.float32(stop - start + 1)
            before, after = out[:, start - 1 : start], out[:, stop : stop + 1]
            out[:, start:stop] = before + (after - before) * steps
    return out


def interpolate_gaps(values: Float32, mask: Mask) -> NDArray[np.float64]:
    """Return the rows (n, C) with missing ones interpolated linearly."""
    rows = values.astype(np.float64)
    if mask.all():
        return rows
    arrived, all_ = np.flatnonzero(mask), np.arange(len(rows))
    for channel in range(rows.shape[1]):
        rows[:, channel] = np.interp(all_, arrived, rows[arrived, channel])
    return rows


def moving_mean(rows: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return the moving average of (n, C) over `width` rows; the ends are held."""
    count, left = len(rows), (width - 1) // 2
    padded = np.concatenate(
        [rows[:1].repeat(left, axis=0), rows, rows[-1:].repeat(width - 1 - left, axis=0)]
    )
    padded *= 1.0 / width
    out = padded[:count].copy()
    for row in range(1, width):
        out += padded[row : row + count]
    return out


def cubic(rows: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values of (n, C) at fractional rows, by cubic interpolation; ends are held.

    A sum of products in a fixed order, so the result is bit-equal on any machine.
    """
    last = len(rows) - 1
    at = np.clip(at, 0, last)
    if last < 3:
        columns = [np.interp(at, np.arange(len(rows)), column) for column in rows.T]
        return np.stack(columns, axis=1)
    first = np.clip(np.floor(at).astype(np.int64) - 1, 0, last - 3)
    a = at - first
    b, c, d = a - 1, a - 2, a - 3
    out = np.zeros((len(at), rows.shape[1]))
    for row, weight in enumerate((-b * c * d / 6, a * c * d / 2, -a * b * d / 2, a * b * c / 6)):
        out += weight[:, None] * rows[first + row]
    return out
