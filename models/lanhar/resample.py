"""Resampling motion of any rate to 20 Hz without aliasing."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from models.network.polyphase import resample

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 20


def to_20_hz(
    rows: NDArray[np.float32], rate: float, places: NDArray[np.intp] | None = None
) -> NDArray[np.float32]:
    """Return (n, 6) rows at `rate` Hz as (ceil(20·n/rate), 6) at 20 Hz, low-passed below 10 Hz.

    Row 0 stays row 0. With `places` (m,), only those rows of the result: (m, 6). Before filtering,
    the line from first to last row is removed, so that gravity does not decay at the ends.
    """
    if rate == RATE:
        return np.asarray(rows if places is None else rows[places], np.float32)
    ratio = Fraction(RATE / rate).limit_denominator(1_000)
    even = resample(np.asarray(rows, np.float64), ratio.numerator, ratio.denominator, places)
    return np.asarray(even, np.float32)
