"""Sound encoded once a second, for all that ask for it.

Scenario and activity hear the same seconds, an activity five of them and a scenario window thirty.
What a second is encoded to depends on its log-mel alone, so it is kept by that: where the
interference gate changes a second it is another one, and silence is encoded once. What is no longer
kept is encoded again, to the same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.network.windows import SECOND_STEPS
from models.serving.kept_results import KeptResults
from models.serving.served import ENCODERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.serving.registry import Registry

KEPT = 8_192
"""Seconds that are kept, 4 kB each: a minute of 130 wearers."""

EncodedSecond = NDArray[np.float32]
"""One second of sound as `Encoders.seconds` makes it: (2, 512)."""


class SecondEncoder:
    """Encodes seconds of log-mel one by one, and keeps the latest; threads may share it."""

    def __init__(self, registry: Registry, kept: int = KEPT) -> None:
        self._session = registry.open(ENCODERS).sessions["seconds"]
        self._results = KeptResults(kept)

    def encode(self, mel: NDArray[Any]) -> list[EncodedSecond]:
        """Return the seconds of a log-mel (50·n, 64); n is at least 1."""
        return [self._encoded(second) for second in np.split(mel, len(mel) // SECOND_STEPS)]

    @staticmethod
    def together(seconds: Sequence[EncodedSecond]) -> EncodedSecond:
        """Return n seconds as (1, n, 2, 512)."""
        return np.stack(seconds)[None]

    def _encoded(self, mel: NDArray[Any]) -> EncodedSecond:
        return self._results.of(mel, self._compute)

    def _compute(self, mel: NDArray[np.float32]) -> EncodedSecond:
        (seconds,) = self._session.run(mel=mel[None])  # (1, 2, 512)
        made: EncodedSecond = seconds[0]
        return made
