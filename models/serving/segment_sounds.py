"""Recognising the sounds of a scenario window's loudest segments (EgoLog §4.4.1), mostly ahead.

Most of the loudest segments are known long before the window ends: if eleven of fifteen are
tagged, a segment that is among the ten loudest of fourteen will be among them whatever the last one
holds. Each segment is run by itself and cached by content, so that working ahead changes no bit.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from models.serving.result_cache import ResultCache
from models.serving.served import ENCODERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.serving.registry import Registry

# Only a window's loudest segments are tagged, 11 of 15: quiet ones seldom have sound events.
NAMED_SHARE = 0.7
# Size of the cache in segments, 216 bytes each: half a minute of 1,480 wearers.
_KEPT = 16_384


def tagged_count(segments: int) -> int:
    """Return how many of a window's segments are tagged."""
    return ceil(NAMED_SHARE * segments)


def levels(segments: NDArray[Any]) -> NDArray[np.float64]:
    """(S, T, 64) log-mel -> (S,) levels, in nats above the floor."""
    level: NDArray[np.float64] = segments.mean(axis=(1, 2), dtype=np.float64)
    return level


class SegmentSounds:
    """Recognises the sounds of segments, with a cache; threads may share it."""

    def __init__(self, registry: Registry, capacity: int = _KEPT) -> None:
        self._session = registry.open(ENCODERS).sessions["sounds"]
        self._results = ResultCache(capacity)

    def logits(self, segment: NDArray[Any]) -> NDArray[np.float32]:
        """(T, 64) log-mel -> logits (54,) of the recognised sounds."""
        return self.logits_of_all([segment])[0]

    def logits_of_all(self, segments: Sequence[NDArray[Any]]) -> list[NDArray[np.float32]]:
        """Return the logits (54,) of each segment (T, 64)."""
        return self._results.of_all(segments, self._compute)

    def _compute(self, segments: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        made = self._session.run_all([{"mel": segment[None]} for segment in segments])
        return [logits[0] for (logits,) in made]


class LoudestAhead:
    """The segments of one open window; each is returned once it is certain to be tagged."""

    def __init__(self, segments: int) -> None:
        self._segments = segments
        self._waiting: list[tuple[float, int, NDArray[Any]]] = []
        self._handed_out = 0

    def push(self, number: int, segment: NDArray[Any]) -> list[NDArray[Any]]:
        """Add segment `number` (T, 64) of the window; return those that will certainly be tagged.

        Numbers increase, and some may be missing.
        """
        (level,) = levels(segment[None])
        self._waiting.append((-float(level), number, segment))
        self._waiting.sort(key=lambda each: each[:2])
        still_to_come = self._segments - 1 - number
        certain = max(0, tagged_count(self._segments) - still_to_come - self._handed_out)
        loudest, self._waiting = self._waiting[:certain], self._waiting[certain:]
        self._handed_out += len(loudest)
        return [mel for _, _, mel in loudest]
