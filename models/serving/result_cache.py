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
# Two threads may ask in another order than expected.
_KEPT_AFTER_LAST = 128


class ResultCache:
    """The latest `kept` results of one computation; threads may share it.

    Of those that were asked for as the `last` time, only the latest 128 are kept. Evicted results
    are recomputed, bit-equal.
    """

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._results: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._after_last: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    def of(
        self,
        array: NDArray[Any],
        compute: Callable[[NDArray[np.float32]], NDArray[np.float32]],
        *,
        last: bool = False,
    ) -> NDArray[np.float32]:
        """Return the result of `compute` for an array, as contiguous float32.

        The dtype is part of the key: equal numbers of another type are recomputed, bit-equal. After
        the `last` time nobody is expected to ask for the array again.
        """
        own = np.ascontiguousarray(array)
        key = own.dtype.char.encode() + blake2b(own.data, digest_size=_KEY_BYTES).digest()
        with self._lock:
            kept = self._results.pop(key, None)
            if kept is None:
                kept = self._after_last.pop(key, None)
            if kept is not None:
                self._keep(key, kept, last=last)
                return kept
        made = compute(own.astype(np.float32))
        with self._lock:
            self._keep(key, made, last=last)
        return made

    def _keep(self, key: bytes, result: NDArray[np.float32], *, last: bool) -> None:
        results, limit = self._results, self._kept
        if last:
            results, limit = self._after_last, min(limit, _KEPT_AFTER_LAST)
        results[key] = result
        while len(results) > limit:
            results.popitem(last=False)
