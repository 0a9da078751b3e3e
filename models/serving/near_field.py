"""The near field's share of what two ears hear (EgoLog §4.3), as the agents ask for it.

As in `models.serving.predict`, an item's numbers never depend on its company: each is run by
itself, on one thread, from torch's own aligned memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from models.egolog.near_field import NEAR_FIELD, NearShare
from models.serving.one_thread import pin_one_thread
from models.serving.predict import PredictError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.serving.registry import Registry

PLANES = 3
"""Maps of a second that two ears heard: their log-mels and the GCC-PHAT; others have no share."""


class NearFieldExtractor:
    """Distance-based sound extraction for devices with two ears."""

    def __init__(self, registry: Registry) -> None:
        loaded = registry.load(NEAR_FIELD)
        self._network = loaded.module
        self.revision = loaded.revision

    def predict(self, items: Sequence[NDArray[Any]]) -> list[NearShare]:
        """Return what is near of each second's maps (3, T, 64).

        Raises `PredictError` for maps of another shape.
        """
        with torch.inference_mode():
            pin_one_thread()
            return [self._predict(maps) for maps in items]

    def _predict(self, maps: NDArray[Any]) -> NearShare:
        bins = self._network.config.bins
        if maps.ndim != 3 or len(maps) != PLANES or maps.shape[2] != bins or maps.size == 0:
            raise PredictError(
                f"maps have shape {maps.shape}; expected ({PLANES}, any, {bins}), not empty"
            )
        own = torch.tensor(maps.astype(np.float32))  # from_numpy would keep numpy's alignment
        return NearShare.of(self._network.share(own[None])[0].numpy(), maps)
