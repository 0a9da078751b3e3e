"""The sample grid, which maps event time to sample numbers.

Samples are numbered from the epoch, so a sample's number depends on its own time alone and not on
how the stream was cut into frames. This makes windows independent of the frame size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from schemas.frames import NS

CountT = TypeVar("CountT", int, NDArray[np.int64])

_MILLI = 1_000


@dataclass(frozen=True)
class Grid:
    """A grid of `rate_mhz` samples per thousand seconds (an integer, to avoid drift)."""

    rate_mhz: int

    @classmethod
    def of(cls, rate_hz: float) -> Grid:
        """Return the grid of a rate in Hz, exact to a thousandth of a hertz."""
        return cls(round(rate_hz * _MILLI))

    def number(self, t_ns: int) -> int:
        """Return the number of the sample nearest to `t_ns`.

        A span begins with the sample nearest to its start, so that a sample at or after the start
        never counts as before it.
        """
        return (t_ns * self.rate_mhz + NS * _MILLI // 2) // (NS * _MILLI)

    def time_ns(self, number: int) -> int:
        """Return the event time of sample `number`, ns since the epoch, rounded down."""
        return number * NS * _MILLI // self.rate_mhz

    def after_s(self, number: int, start_ns: int) -> float:
        """Return the time of sample `number` after `start_ns`, s; negative if it is before."""
        exact = number * NS * _MILLI - start_ns * self.rate_mhz
        return exact / (self.rate_mhz * NS)

    def lasts_ns(self, samples: CountT) -> CountT:
        """Return the duration of `samples` (a number or an array of numbers), ns, rounded down.

        Exact for integers below nine million.
        """
        return samples * (NS * _MILLI) // self.rate_mhz
