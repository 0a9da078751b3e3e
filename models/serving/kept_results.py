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

    What is no longer kept is computed again, to the same bits. Of what was asked for the last time
    the latest `spent` are kept too, for who asks at the same moment.
    """

    def __init__(self, kept: int, spent: int = 0) -> None:
        self._limits = {False: kept, True: spent}
        # By whether they were asked for the last time.
        self._results: dict[bool, OrderedDict[bytes, NDArray[np.float32]]] = {
            last: OrderedDict() for last in self._limits
        }
        self._lock = Lock()

    def of(
        self,
        array: NDArray[Any],
        compute: Callable[[NDArray[np.float32]], NDArray[np.float32]],
        *,
        last: bool = False,
    ) -> NDArray[np.float32]:
        """Return what `compute` makes of an array as float32 in one piece.

        The same numbers in another type are computed again, to the same bits. The `last` who asks
        for them says so.
        """
        own = np.ascontiguousarray(array)
        key = own.dtype.char.encode() + blake2b(own.data, digest_size=_KEY_BYTES).digest()
        with self._lock:
            last = last or key in self._results[True]
            made = self._results[True].pop(key, None)
            if made is None:
                made = self._results[False].pop(key, None)
            if made is not None:
                self._keep(key, made, last=last)
                return made
        made = compute(own.astype(np.float32))
        with self._lock:
            self._keep(key, made, last=last)
        return made

    def _keep(self, key: bytes, made: NDArray[np.float32], *, last: bool) -> None:
        results = self._results[last]
        results[key] = made
        while len(results) > self._limits[last]:
            results.popitem(last=False)
