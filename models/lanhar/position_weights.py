"""The weights of the classifier of a device's body position, as a torch module."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from models.lanhar.rotation_invariant import MEASURES
from models.lanhar.step_position import PLACES
from models.network.key import Config, Key


class PositionWeights(nn.Module):
    """`weights` (M, P) and `bias` (P,) of `models.lanhar.step_position.StepPosition`."""

    weights: Tensor
    bias: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weights", torch.zeros(len(MEASURES), len(PLACES)))
        self.register_buffer("bias", torch.zeros(len(PLACES)))

    @classmethod
    def from_config(cls, config: Config) -> Self:  # noqa: ARG003 - sizes are fixed
        """Build the module, whose sizes are fixed."""
        return cls()


LANHAR_POSITION = Key("lanhar_position", PositionWeights.from_config)
