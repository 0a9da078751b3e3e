"""A wearer's own adapters of the scenario network (EgoLog §4.4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.labels import SCENARIOS
from models.serving.predict.arrays import Array, check

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from models.egolog.correction_adapter import CorrectionAdapter


@dataclass(frozen=True)
class Adapter:
    """One wearer's `bias` (16,) on the scenarios' logits, for the network of revision `network`.

    `name` is the suffix of the revision of estimates made with it.
    """

    network: str
    bias: NDArray[np.float32]
    name: str


@dataclass(frozen=True)
class WearerAdapters:
    """A wearer's adapters that apply to the network in use."""

    adapter: Adapter | None
    corrections: CorrectionAdapter | None

    @classmethod
    def of(
        cls, adapter: Adapter | None, corrections: CorrectionAdapter | None, network: str
    ) -> WearerAdapters:
        """Select the adapters for revision `network`.

        Raises `PredictError` if the bias has a wrong shape.
        """
        if adapter is not None and adapter.network != network:
            adapter = None
        if corrections is not None and corrections.network != network:
            corrections = None
        if adapter is not None:
            check("bias", adapter.bias, (len(SCENARIOS),))
        return cls(adapter, corrections)

    @property
    def names(self) -> list[str]:
        """The suffixes of the revision of estimates made with them."""
        return [each.name for each in (self.adapter, self.corrections) if each is not None]

    def adapt(self, logits: Array) -> Array:
        """Return the adapted log-odds (16,) of a window, given the network's."""
        result = logits
        if self.adapter is not None:
            result = result + self.adapter.bias
        if self.corrections is not None:
            result = result + self.corrections.shift(logits)
        return result
