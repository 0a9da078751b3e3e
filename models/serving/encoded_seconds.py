"""Encoding each second of sound once, for all consumers.

Activity and scenario windows contain the same seconds, five and thirty of them. A second's encoding
depends only on its log-mel, by which it is cached: a second changed by the interference gate is a
different one, and silence is encoded once. The scenario window is the last to need a second.
Evicted seconds are encoded again, bit-equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.network.windows import SECOND_STEPS
from models.serving.result_cache import ResultCache
from models.serving.served import ENCODERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.serving.registry import Registry

KEPT = 32_768
"""Size of the cache in seconds, 4 kB each: half a minute of 1,090 wearers."""

EncodedSecond = NDArray[np.float32]
"""One second of sound encoded by `Encoders.seconds`: (2, 512)."""


class SecondEncoder:
    """Encodes seconds of log-mel one by one, with a cache; threads may share it."""

    def __init__(self, registry: Registry, capacity: int = KEPT) -> None:
        self._session = registry.open(ENCODERS).sessions["seconds"]
        self._results = ResultCache(capacity)

    def encode(self, mel: NDArray[Any], *, last: bool = False) -> list[EncodedSecond]:
        """Return the seconds of a log-mel (50·n, 64); n is at least 1.

        After the `last` time they are not kept for long.
        """
        return self.encode_all([mel], last=last)[0]

    def encode_all(
        self, mels: Sequence[NDArray[Any]], *, last: bool = False
    ) -> list[list[EncodedSecond]]:
        """Return the seconds of each log-mel as `encode` does."""
        split = [np.split(mel, len(mel) // SECOND_STEPS) for mel in mels]
        return self._results.of_groups(split, self._compute, last=last)

    @staticmethod
    def together(seconds: Sequence[EncodedSecond]) -> EncodedSecond:
        """Return n seconds as (1, n, 2, 512)."""
        return np.stack(seconds)[None]

    def _compute(self, mels: list[NDArray[np.float32]]) -> list[EncodedSecond]:
        made = self._session.run_all([{"mel": mel[None]} for mel in mels])
        return [seconds[0] for (seconds,) in made]  # (2, 512) each
