"""A slice: the shortest span of event time, for which features are computed once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operators.grid import Grid


class SliceBuffer:
    """The samples of one modality in one slice, placed on the sample grid.

    `values` is (n, channels) in the stream's own dtype and `mask` (n,) marks the samples that
    arrived. A sample is never overwritten, so a slice does not depend on repeated samples.
    """

    __slots__ = ("filled", "first", "mask", "values")

    def __init__(self, grid: Grid, start_ns: int, end_ns: int, like: NDArray[Any]) -> None:
        self.first = grid.number(start_ns)
        length = grid.number(end_ns) - self.first
        self.values = np.zeros((length, like.shape[1]), dtype=like.dtype)
        self.mask = np.zeros(length, dtype=bool)
        self.filled = 0

    def __len__(self) -> int:
        return len(self.mask)

    def place(self, number: int, samples: NDArray[Any]) -> int:
        """Insert the part of `samples` (from sample `number` on) in this slice; return how many.

        Samples whose position is taken are not counted.
        """
        low = max(number, self.first)
        high = min(number + len(samples), self.first + len(self))
        if low >= high:
            return 0
        here = slice(low - self.first, high - self.first)
        there = samples[low - number : high - number]
        free = ~self.mask[here] if self.filled else None
        placed = len(there) if free is None else int(np.count_nonzero(free))
        if free is None or placed == len(there):
            self.values[here] = there
        else:
            self.values[here][free] = there[free]
        self.mask[here] = True
        self.filled += placed
        return placed
