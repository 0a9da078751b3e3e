"""The interface through which windowing computes features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray


class Featurizer(Protocol):
    """Computes a slice's features; called once per slice and modality."""

    def audio(
        self, samples: NDArray[np.float32], rate: int, mask: NDArray[np.bool_]
    ) -> Mapping[str, NDArray[Any]]:
        """`samples` (C, n) in [-1, 1] → `maps` (M, T, 64) and `mel` (T, 64).

        With an audio tagger also its log-mel `tagger_mel` (2·T, 128); with a speech filter also
        `speech` (1,), above 0 where speech is detected.
        """

    def imu(
        self,
        values: NDArray[np.float32],
        rate: float,
        mask: NDArray[np.bool_],
        *,
        first_s: float,
        seconds: float,
    ) -> Mapping[str, NDArray[Any]]:
        """`values` (n, 6) in m/s² and rad/s → `imu` (N, 6), the same N for any rate.

        The slice lasts `seconds`, and its first row was sampled `first_s` seconds after its start.
        """
