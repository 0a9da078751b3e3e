"""Windows and polyphase resampling, bit-equal to `scipy.signal` on x86-64.

Importing that package also loads statistics, optimisation and interpolation: a second of CPU time
and 50 MB in every worker for two functions.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import i0

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_KAISER_BETA = 5.0
# Outputs computed at a time: recordings may last for days, and these stay in a core's cache.
_AT_ONCE = 256


def hann(count: int, *, periodic: bool) -> Array:
    """Return a Hann window (count,); a `periodic` one is for spectra of frames."""
    angles = np.linspace(-np.pi, np.pi, count + periodic)
    window: Array = (0.5 + 0.5 * np.cos(angles))[:count]
    return window


def low_pass(up: int, down: int) -> Array:
    """Return the taps of a filter, a Kaiser window's, for resampling by `up`/`down`."""
    widest = max(up, down)
    count = 20 * widest + 1
    middle = 0.5 * (count - 1)
    cutoff = 1.0 / widest
    taps = cutoff * np.sinc(cutoff * (np.arange(count) - middle))
    taps *= i0(_KAISER_BETA * np.sqrt(1 - ((np.arange(count) - middle) / middle) ** 2.0)) / i0(
        _KAISER_BETA
    )
    filtered: Array = taps / np.sum(taps)
    return filtered


def resample(rows: Array, up: int, down: int, places: NDArray[np.intp] | None = None) -> Array:
    """(n, C) -> (ceil(n·up/down), C) without aliasing; `up` and `down` have no common divisor.

    With `places` (m,), only those rows of the result: (m, C). The ends are padded along the line
    from the first row to the last. Each sum of products runs in one fixed order.
    """
    first, taps, before, after = _plan(len(rows), up, down)
    if places is not None:
        first, taps = first[places], taps[:, places]
    padded = _pad(rows, before, after)
    reach = np.arange(len(taps))[:, None]
    out = np.empty((len(first), rows.shape[1]))
    for begin in range(0, len(first), _AT_ONCE):
        some = slice(begin, begin + _AT_ONCE)
        products = padded[first[some] + reach]  # (L, m, C)
        products *= taps[:, some]
        # Rows are added in the order of scipy's loop.
        np.add.reduce(products, axis=0, out=out[some])
    return out


def _pad(rows: Array, before: int, after: int) -> Array:
    count = len(rows)
    slope = (rows[-1] - rows[0]) / (count - 1) if count > 1 else np.zeros_like(rows[0])
    earlier = np.arange(-before, 0)[:, None] * slope + rows[0]
    later = np.arange(1, after + 1)[:, None] * slope + rows[-1]
    return np.concatenate([earlier, rows, later])


@lru_cache(maxsize=4)
def _plan(count: int, up: int, down: int) -> tuple[NDArray[np.intp], Array, int, int]:
    """Return the first padded row (m,) of each output, its taps (L, m, 1), and the padding."""
    phases, removed = _phases(up, down)
    first, phase = np.divmod((np.arange(-(-count * up // down)) + removed) * down, up)
    after = max(0, int(first.max(initial=0)) + 1 - count)
    # The padding in front is as long as the taps reach back, so a newest row's index is also that
    # of the oldest padded row.
    return first, phases.T[:, phase, None], phases.shape[1] - 1, after


@lru_cache(maxsize=16)
def _phases(up: int, down: int) -> tuple[Array, int]:
    """Return the taps of each phase, oldest row first, and the number of outputs before row 0."""
    taps = low_pass(up, down) * up
    half = (len(taps) - 1) // 2
    # Zeros in front align output row 0 with input row 0.
    ahead = down - half % down
    taps = np.concatenate([np.zeros(ahead), taps])
    length = -(-len(taps) // up)
    taps = np.concatenate([taps, np.zeros(length * up - len(taps))])
    return np.ascontiguousarray(taps.reshape(length, up).T[:, ::-1]), (half + ahead) // down
