"""A cache of results by the content of their input array."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_KEY_BYTES = 16
# Two threads may ask in another order than expected.
_KEPT_AFTER_LAST = 128


class ResultCache:
    """The latest `capacity` results of one computation; threads may share it.

    Of those that were asked for as the `last` time, only the latest 128 are kept. Evicted results
    are recomputed, bit-equal.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
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
        """Return the result of `compute` for an array, as contiguous float32; see `of_all`."""
        return self.of_all([array], lambda arrays: [compute(each) for each in arrays], last=last)[0]

    def of_all(
        self,
        arrays: Sequence[NDArray[Any]],
        compute_all: Callable[[list[NDArray[np.float32]]], Sequence[NDArray[np.float32]]],
        *,
        last: bool = False,
    ) -> list[NDArray[np.float32]]:
        """Return the results for `arrays`; those that are not kept are computed in one call.

        The dtype is part of the key: equal numbers of another type are recomputed, bit-equal. After
        the `last` time nobody is expected to ask for an array again.
        """
        owned = [np.ascontiguousarray(array) for array in arrays]
        keys = [
            own.dtype.char.encode() + blake2b(own.data, digest_size=_KEY_BYTES).digest()
            for own in owned
        ]
        results: dict[bytes, NDArray[np.float32]] = {}
        missing: dict[bytes, NDArray[np.float32]] = {}
        with self._lock:
            for key, own in zip(keys, owned, strict=True):
                cached = self._results.get(key, self._after_last.get(key))
                if cached is not None:
                    results[key] = cached
                elif key not in missing:
                    missing[key] = own.astype(np.float32)
        if missing:
            made = compute_all(list(missing.values()))
            results.update(zip(missing, made, strict=True))
        with self._lock:
            for key in keys:
                self._keep(key, results[key], last=last)
        return [results[key] for key in keys]

    def of_groups(
        self,
        groups: Sequence[Sequence[NDArray[Any]]],
        compute_all: Callable[[list[NDArray[np.float32]]], Sequence[NDArray[np.float32]]],
        *,
        last: bool = False,
    ) -> list[list[NDArray[np.float32]]]:
        """Return the results for the arrays of each group; see `of_all`."""
        every = [array for group in groups for array in group]
        results = iter(self.of_all(every, compute_all, last=last))
        return [[next(results) for _ in group] for group in groups]

    def _keep(self, key: bytes, result: NDArray[np.float32], *, last: bool) -> None:
        results, limit = self._results, self._capacity
        if last:
            results, limit = self._after_last, min(limit, _KEPT_AFTER_LAST)
        self._results.pop(key, None)
        self._after_last.pop(key, None)
        results[key] = result
        while len(results) > limit:
            results.popitem(last=False)
