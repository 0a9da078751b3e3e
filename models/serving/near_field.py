"""The near field's share of what two ears hear (EgoLog §4.3), as the agents ask for it.

As in `models.serving.predict`, an item's numbers never depend on its company.
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
"""Maps of a second that two ears heard: their log-mels and the GCC-PHAT; others have no share."""


class NearFieldExtractor:
    """Distance-based sound extraction for devices with two ears."""

    def __init__(self, registry: Registry) -> None:
        opened = registry.open(NEAR_FIELD)
        self._session = opened.sessions["near_field"]
        self._shape = (PLANES, FRAME_RATE, opened.config["bins"])
        self.revision = opened.revision

    def predict(self, items: Sequence[NDArray[Any]]) -> list[NearShare]:
        """Return what is near of each second's maps (3, 50, 64).

        Raises `PredictError` for maps of another shape.
        """
        return [self._predict(maps) for maps in items]

    def _predict(self, maps: NDArray[Any]) -> NearShare:
        if maps.shape != self._shape:
            raise PredictError(f"maps have shape {maps.shape}; expected {self._shape}")
        (share,) = self._session.run(maps=maps[None])  # (1, 50, 64)
        return NearShare.of(share[0], maps)
