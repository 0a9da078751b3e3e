"""A readout of labels for one position of the device, by its motion's measures (LanHAR §3.5).

The sensor encoder is shared by all positions. In a pocket, hands at work hardly move the device,
and an encoder for all positions places such readings close together. A small network of LanHAR's
measures, trained at this position alone with all labels counting alike, separates them better. It
corrects the logits of labels with readings there and redistributes their probability among them;
every other label keeps its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from models.network.softmax import softmax

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.position import Place

FAR = 4.0
"""Standardised measures are clipped to this."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ReadoutConfig:
    """The position, the L labels with readings there, and the number of hidden units.

    `sensor` is the revision of the sensor encoder whose logits are corrected, or empty.
    """

    position: Place = "pocket"
    names: tuple[str, ...] = ()
    hidden: int = 64
    sensor: str = ""


@dataclass(frozen=True, eq=False)
class PositionReadout:
    """A network with one hidden layer of H units, of M standardised measures.

    `centre` and `spread` (M,) standardise; `inner` (H, M), `inner_bias` (H,), `outer` (L, H) and
    `outer_bias` (L,) are its weights, of this `revision`.
    """

    config: ReadoutConfig
    centre: Array
    spread: Array
    inner: Array
    inner_bias: Array
    outer: Array
    outer_bias: Array
    revision: str = ""

    @classmethod
    def of(cls, config: Mapping[str, Any], tensors: Mapping[str, Any], revision: str = "") -> Self:
        """Return the readout of a `models.lanhar.readout_weights.ReadoutWeights`.

        Its tensors may be numpy arrays, as in a weights file, or torch tensors.
        """
        arrays = {name: np.asarray(tensor, np.float64) for name, tensor in tensors.items()}
        return cls(
            ReadoutConfig(**{**config, "names": tuple(config["names"])}),
            arrays["centre"],
            arrays["spread"],
            arrays["inner.weight"],
            arrays["inner.bias"],
            arrays["outer.weight"],
            arrays["outer.bias"],
            revision,
        )

    def corrections(self, measures: NDArray[Any]) -> Array:
        """Return what is added to the logits (L,) of its labels, from a window's measures (M,)."""
        values = (measures - self.centre) / self.spread
        hidden = np.maximum(self.inner @ np.clip(values, -FAR, FAR) + self.inner_bias, 0)
        added: Array = self.outer @ hidden + self.outer_bias
        return added

    def shares(self, names: Sequence[str], logits: Array, measures: NDArray[Any]) -> Array:
        """Return the probability (K,) of labels `names` from `logits` (K,) and measures (M,).

        Labels that the readout does not know have the softmax of the logits.
        """
        return redistribute(names, logits, self.config.names, self.corrections(measures))


def redistribute(
    names: Sequence[str], logits: Array, known: Sequence[str], corrections: Array
) -> Array:
    """Return the softmax (K,) of `logits` (K,), with that of labels `known` (L,) corrected.

    Together these keep their probability, and among them it follows their corrected logits.
    """
    shares = softmax(logits)
    pairs = [(names.index(name), row) for row, name in enumerate(known) if name in names]
    if pairs:
        places, rows = map(list, zip(*pairs, strict=True))
        shares[places] = shares[places].sum() * softmax(logits[places] + corrections[rows])
    return shares
