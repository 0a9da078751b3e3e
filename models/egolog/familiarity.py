"""How familiar a window's motion is, as weights are kept (`models.egolog.unknown`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from models.network.key import Config, Key


@dataclass(frozen=True)
class FamiliarityConfig:
    """How many features the encoder gives."""

    features: int = 128


class Familiarity(nn.Module):
    """Mean and whitening of features, the distance that is the limit, and the least probability.

    The familiarity of a window at distance d is 1 / (1 + (d / limit)²): 1 in the middle of what
    was learned from, 0.5 at the limit.
    """

    mean: Tensor
    whitening: Tensor
    limit: Tensor
    least_probability: Tensor

    def __init__(self, config: FamiliarityConfig = FamiliarityConfig()) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.zeros(config.features))
        self.register_buffer("whitening", torch.eye(config.features))
        self.register_buffer("limit", torch.ones(()))
        self.register_buffer("least_probability", torch.zeros(()))

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the module of the sizes that its weights file keeps."""
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
        """(S, F) features of one window's segments -> its familiarity (), by their mean."""
        return self._of(self.distance(features).mean())

    def _of(self, distance: Tensor) -> Tensor:
        return 1 / (1 + (distance / self.limit).square())


class ActivityFamiliarity(Familiarity):
    """That of an activity window; `least_by_motion` is the least probability without any sound."""

    least_by_motion: Tensor

    def __init__(self, config: FamiliarityConfig = FamiliarityConfig()) -> None:
        super().__init__(config)
        self.register_buffer("least_by_motion", torch.zeros(()))


FAMILIARITY = Key("familiarity", ActivityFamiliarity.from_config)
SCENARIO_FAMILIARITY = Key("scenario_familiarity", Familiarity.from_config)
