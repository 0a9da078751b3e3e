"""A cache of results by the content of their input array."""

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

    Evicted results are recomputed, bit-equal.
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
        """Return the result of `compute` for an array, as contiguous float32.

        The dtype is part of the key: equal numbers of another type are recomputed, bit-equal.
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
