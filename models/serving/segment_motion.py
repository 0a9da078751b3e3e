"""Encoding the motion of a scenario window's segments (EgoLog §4.1.2), mostly ahead.

Segments are encoded in blocks of seven, which costs as little as all fifteen together. All blocks
but the last are complete before the window ends. A block is cached by content, so that working
ahead changes no bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from models.serving.result_cache import ResultCache
from models.serving.served import ENCODERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.serving.registry import Registry

BLOCK = 7
"""Segments that are encoded together."""
# Size of the cache in blocks, 7 kB each: half a minute of 1,020 wearers.
_KEPT = 2_048


class EncodedMotion(NamedTuple):
    """Encoded segments: features (S, F), embeddings (S, D) and logits of the motion classes."""

    features: NDArray[np.float32]
    embedding: NDArray[np.float32]
    logits: NDArray[np.float32]


class SegmentMotion:
    """Encodes segments of motion in blocks, with a cache; threads may share it."""

    def __init__(self, registry: Registry, capacity: int = _KEPT) -> None:
        encoders = registry.open(ENCODERS)
        self._session = encoders.sessions["motions"]
        sizes = (encoders.config["imu"]["features"], encoders.config["space"]["embedding"])
        self._ends = np.cumsum(sizes)
        self._results = ResultCache(capacity)

    def encode_all(
        self, windows: Sequence[NDArray[Any]], *, last: bool = False
    ) -> list[EncodedMotion]:
        """Return each window's segments (S, T, 6), m/s² and rad/s, encoded.

        A window that begins as an earlier one did is only computed from its first new block on.
        After the `last` time its blocks are not kept for long.
        """
        split = [np.split(imu, range(BLOCK, len(imu), BLOCK)) for imu in windows]
        return [
            EncodedMotion(*np.split(np.concatenate(blocks), self._ends, axis=1))
            for blocks in self._results.of_groups(split, self._compute, last=last)
        ]

    def _compute(self, blocks: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        made = self._session.run_all([{"imu": block} for block in blocks])
        return [np.concatenate(outputs, axis=1) for outputs in made]
