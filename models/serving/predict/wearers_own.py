"""What a wearer has of its own beside the scenario network (EgoLog §4.4.2)."""

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

    `name` is what the revision of an estimate made with it ends in.
    """

    network: str
    bias: NDArray[np.float32]
    name: str


@dataclass(frozen=True)
class WearersOwn:
    """A wearer's adapters, those that are for the network in use."""

    adapter: Adapter | None
    corrections: CorrectionAdapter | None

    @classmethod
    def of(
        cls, adapter: Adapter | None, corrections: CorrectionAdapter | None, network: str
    ) -> WearersOwn:
        """Keep those of the two that are for revision `network`.

        Raises `PredictError` where the bias does not fit.
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
        """What the revision of an estimate made with them ends in."""
        return [each.name for each in (self.adapter, self.corrections) if each is not None]

    def shifted(self, logits: Array) -> Array:
        """Return a window's log-odds (16,) as its wearer's, of those by the network alone."""
        result = logits
        if self.adapter is not None:
            result = result + self.adapter.bias
        if self.corrections is not None:
            result = result + self.corrections.shift(logits)
        return result
