"""How long the broker may gather messages before it answers a fetch.

A fetch costs as much for one message as for many: a millisecond and a half of a worker's threads
with two dozen partitions, and more of the broker's.
"""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Where the last fetch came so soon after another and brought so little, the broker answers the next
# once it has this much, as a second of sound is, or has waited a moment: what a device sends one by
# one each millisecond comes a few together.
_SOON_S = 0.02
_LITTLE_BYTES = 16_384
_SHORT_MS = 10
# Where so many come in a short moment somebody floods this worker, and they come many together. A
# neighbour's second of sound is still answered at once.
_FLOOD = 4
_LONG_MS = 40


class Patience(NamedTuple):
    """The broker answers once it has `min_bytes`, or after `wait_ms`."""

    min_bytes: int
    wait_ms: int


class Gathering:
    """Tells after each fetch how patient the next one is: at most `longest_ms`."""

    def __init__(self, longest_ms: int, clock: Callable[[], float] = monotonic) -> None:
        self._prompt = Patience(1, longest_ms)
        self._clock = clock
        self._fetched_at_s = -inf
        # What the broker was given to gather the latest messages, and whether these are a flood.
        self._waited_ms = 0
        self._flood = False

    def after(self, records: Mapping[Any, Sequence[Any]]) -> Patience:
        """Return the patience of the fetch after one that brought these records, by partition."""
        now_s = self._clock()
        soon = now_s - self._fetched_at_s < _SOON_S + self._waited_ms / 1e3
        if not records or not soon:
            self._waited_ms, self._flood = 0, False
        elif _bytes_of(records, _LITTLE_BYTES) < _LITTLE_BYTES:
            count = sum(map(len, records.values()))
            self._flood = count * _SHORT_MS >= _FLOOD * max(self._waited_ms, _SHORT_MS)
            self._waited_ms = _LONG_MS if self._flood else _SHORT_MS
        else:
            # What belongs to the sound comes right after it.
            self._waited_ms = _SHORT_MS if self._flood else 0
        if records:
            self._fetched_at_s = now_s
        return Patience(_LITTLE_BYTES, self._waited_ms) if self._waited_ms else self._prompt


def _bytes_of(records: Mapping[Any, Sequence[Any]], enough: int) -> int:
    """Return the size of the records' values, or `enough` where it is more."""
    size = 0
    for batch in records.values():
        for record in batch:
            size += len(record.value or b"")
            if size >= enough:
                return enough
    return size
