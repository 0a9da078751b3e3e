"""What was computed from an array, kept by what the array holds."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_KEY_BYTES = 16


class KeptResults:
    """The latest `kept` results of one computation; threads may share it.

    What is no longer kept is computed again, to the same bits.
    """

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._results: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    def of(
        self,
        array: NDArray[Any],
        compute: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return what `compute` makes of an array as float32 in one piece.

        The same numbers in another type are computed again, to the same bits.
        """
        own = np.ascontiguousarray(array)
        key = own.dtype.char.encode() + blake2b(own.data, digest_size=_KEY_BYTES).digest()
        with self._lock:
            kept = self._results.get(key)
            if kept is not None:
                self._results.move_to_end(key)
                return kept
        made = compute(own.astype(np.float32))
        with self._lock:
            self._results[key] = made
            while len(self._results) > self._kept:
                self._results.popitem(last=False)
        return made
