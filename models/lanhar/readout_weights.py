"""The weights of a position's readout, as a torch module."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, relu

from models.lanhar.position_readout import FAR, ReadoutConfig
from models.lanhar.rotation_invariant import MEASURES
from models.network.key import Config, Key


class ReadoutWeights(nn.Module):
    """Measures (B, M) to what is added to the logits (B, L) of `config.names`."""

    centre: Tensor
    spread: Tensor

    def __init__(self, config: ReadoutConfig | None = None) -> None:
        super().__init__()
        config = ReadoutConfig() if config is None else config
        self.config = config
        self.register_buffer("centre", torch.zeros(len(MEASURES)))
        self.register_buffer("spread", torch.ones(len(MEASURES)))
        self.inner = nn.Linear(len(MEASURES), config.hidden)
        self.outer = nn.Linear(config.hidden, len(config.names))

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Build the module from the sizes in its weights file."""
        return cls(ReadoutConfig(**{**config, "names": tuple(config["names"])}))

    def standardised(self, measures: Tensor) -> Tensor:
        """(B, M) -> (B, M) in spreads from the centre, clipped."""
        return ((measures - self.centre) / self.spread).clamp(-FAR, FAR)

    def forward(self, values: Tensor, drop: float = 0.0) -> Tensor:
        """Standardised measures (B, M) -> (B, L); `drop` is the share of hidden units left out."""
        added: Tensor = self.outer(dropout(relu(self.inner(values)), drop, self.training))
        return added


LANHAR_READOUT = Key("lanhar_readout", ReadoutWeights.from_config)
