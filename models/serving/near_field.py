"""Serving near-field extraction for two microphones (EgoLog §4.3).

As in `models.serving.predict`, an item's result does not depend on the batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.egolog.near_share import NearShare
from models.serving.predict import FRAME_RATE, PredictError
from models.serving.served import NEAR_FIELD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.serving.registry import Registry

PLANES = 3
"""Number of maps of two microphones, their log-mels and GCC-PHAT; other devices have no share."""


class NearFieldExtractor:
    """Distance-based sound extraction for devices with two microphones."""

    def __init__(self, registry: Registry) -> None:
        opened = registry.open(NEAR_FIELD)
        self._session = opened.sessions["near_field"]
        self._shape = (PLANES, FRAME_RATE, opened.config["bins"])
        self.revision = opened.recorded

    def predict(self, items: Sequence[NDArray[Any]]) -> list[NearShare]:
        """Return the near field's share of each second's maps (3, 50, 64).

        Raises `PredictError` for maps of another shape.
        """
        for maps in items:
            if maps.shape != self._shape:
                raise PredictError(f"maps have shape {maps.shape}; expected {self._shape}")
        made = self._session.run_all([{"maps": maps[None]} for maps in items])
        # (1, 50, 64) each
        return [NearShare.of(share[0], maps) for (share,), maps in zip(made, items, strict=True)]
