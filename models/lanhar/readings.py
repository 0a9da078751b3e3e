"""Embedded readings of activities as a torch module, for the margins of labels (LanHAR §3.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn

from models.lanhar.margins import KnownReadings, ReadingsConfig
from models.lanhar.space import FEATURES
from models.network.key import Config, Key

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from models.lanhar.margins import Margins


class Readings(nn.Module):
    """Embedded `readings` (R, 128) of the activities `config.of`; `learned` (L, 128) label vectors.

    All are unit vectors.
    """

    readings: Tensor
    learned: Tensor

    def __init__(self, config: ReadingsConfig | None = None) -> None:
        super().__init__()
        config = ReadingsConfig() if config is None else config
        self.config = config
        self.register_buffer("readings", torch.zeros(len(config.of), FEATURES))
        self.register_buffer("learned", torch.zeros(len(config.learned), FEATURES))

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Build the module from the sizes in its weights file."""
        sizes = ReadingsConfig(tuple(config["of"]), tuple(config["learned"]), config["sensor"])
        return cls(sizes)

    def margins(
        self, names: Sequence[str], vectors: NDArray[np.float32], described: Collection[str] = ()
    ) -> Margins:
        """See `KnownReadings.margins`."""
        return self.known().margins(names, vectors, described)

    def known(self) -> KnownReadings:
        """Return the readings as arrays."""
        return KnownReadings(
            self.config, self.readings.double().numpy(), self.learned.double().numpy()
        )


LANHAR_READINGS = Key("lanhar_readings", Readings.from_config)
