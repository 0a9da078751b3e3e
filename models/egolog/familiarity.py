"""The torch modules that hold the weights of `models.egolog.out_of_distribution`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from models.network.key import Config, Key


@dataclass(frozen=True)
class FamiliarityConfig:
    """The number of the encoder's features."""

    features: int = 128


class Reference(nn.Module):
    """Mean and whitening of features, and the limit of the distance.

    The familiarity of a window at distance d is 1 / (1 + (d / limit)²): 1 at the mean of the
    training features, 0.5 at the limit.
    """

    mean: Tensor
    whitening: Tensor
    limit: Tensor

    def __init__(self, config: FamiliarityConfig = FamiliarityConfig()) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.zeros(config.features))
        self.register_buffer("whitening", torch.eye(config.features))
        self.register_buffer("limit", torch.ones(()))

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Build the module from the sizes in its weights file."""
        return cls(FamiliarityConfig(**config))

    def distance(self, features: Tensor) -> Tensor:
        """(B, F) features -> Mahalanobis distances (B,)."""
        whitened = (features - self.mean) @ self.whitening  # (B, F)
        distances: Tensor = whitened.norm(dim=1)
        return distances

    def forward(self, features: Tensor) -> Tensor:
        """(B, F) features -> familiarity (B,) in (0, 1]."""
        return self._of(self.distance(features))

    def together(self, features: Tensor) -> Tensor:
        """(S, F) features of a window's segments -> the familiarity () of their mean."""
        return self._of(self.distance(features).mean())

    def _of(self, distance: Tensor) -> Tensor:
        return 1 / (1 + (distance / self.limit).square())


class Familiarity(Reference):
    """The same with `least_probability`, below which nothing is likely."""

    least_probability: Tensor

    def __init__(self, config: FamiliarityConfig = FamiliarityConfig()) -> None:
        super().__init__(config)
        self.register_buffer("least_probability", torch.zeros(()))


class ActivityFamiliarity(Familiarity):
    """The same for activity windows; `least_by_motion` is the least probability without sound.

    `locomotion` is the reference of walking and running, with the device anywhere on the body.
    """

    least_by_motion: Tensor

    def __init__(self, config: FamiliarityConfig = FamiliarityConfig()) -> None:
        super().__init__(config)
        self.register_buffer("least_by_motion", torch.zeros(()))
        self.locomotion = Reference(config)


FAMILIARITY = Key("familiarity", ActivityFamiliarity.from_config)
SCENARIO_FAMILIARITY = Key("scenario_familiarity", Familiarity.from_config)
