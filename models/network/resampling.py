"""Sound at another rate, through one anti-aliasing filter."""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

from models.network.decimation import decimate
from models.network.polyphase import low_pass

Float32 = NDArray[np.float32]


def resample(samples: Float32, rate: int, want: int) -> Float32:
    """(C, n) at `rate` -> (C, n·want/rate) at `want`, through one anti-aliasing filter."""
    if rate == want:
        return samples
    if rate % want == 0:
        return decimate(samples, rate // want)
    # Imported late: it takes a second, and sound at 16 or 48 kHz does not need it.
    from scipy import signal

    shared = gcd(rate, want)
    up, down = want // shared, rate // shared
    out: Float32 = signal.resample_poly(
        samples, up, down, axis=1, window=_low_pass(up, down), padtype="line"
    )
    return out[:, : samples.shape[1] * want // rate]


@lru_cache(maxsize=16)
def _low_pass(up: int, down: int) -> Float32:
    """Anti-aliasing filter for `resample_poly`; cached, as its design costs more than its use."""
    filtered: Float32 = low_pass(up, down).astype(np.float32)
    return filtered
