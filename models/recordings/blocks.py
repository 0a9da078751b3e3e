"""Cutting sample ranges out of a stream that is rendered in blocks of whole seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

# (start_s, stop_s) -> samples, whose values do not depend on where the block begins.
Render: TypeAlias = Callable[[int, int], NDArray[np.float32]]

# Short, for a low latency of the first chunk; the result does not depend on it.
BLOCK_S = 10


class Blocks:
    """A stream of `seconds` at `rate`, samples along `axis`; the newest block is kept."""

    def __init__(self, rate: int, seconds: int, render: Render, axis: int) -> None:
        self._rate, self._seconds, self._render, self._axis = rate, seconds, render, axis
        self._number = -1
        self._block: NDArray[np.float32] = np.empty(0, np.float32)

    def cut(self, first: int, last: int) -> NDArray[np.float32]:
        """Return the samples [first, last)."""
        size = BLOCK_S * self._rate
        parts = []
        for number in range(first // size, -(-last // size)):
            block = np.moveaxis(self._at(number), self._axis, 0)
            part = block[max(first - number * size, 0) : min(last - number * size, size)]
            parts.append(np.moveaxis(part, 0, self._axis))
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=self._axis)

    def _at(self, number: int) -> NDArray[np.float32]:
        if number != self._number:
            stop = min((number + 1) * BLOCK_S, self._seconds)
            self._block = self._render(number * BLOCK_S, stop)
            self._number = number
        return self._block
