"""The scale of features: their means and spreads over training days."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from models.egolog.contrastive import SharedSpace
    from models.research.egolog.days.encoded import EncodedDays

_LEAST_SPREAD = 1e-6


@dataclass(frozen=True)
class FeatureScale:
    """Mean and standard deviation of each sound feature (256) and motion feature (128)."""

    audio: tuple[Tensor, Tensor]
    imu: tuple[Tensor, Tensor]

    @classmethod
    def of_days(cls, days: EncodedDays) -> FeatureScale:
        """Return the scale of the segments of `days`."""
        return cls(_scale(days.audio), _scale(days.imu))

    def of(self, days: EncodedDays) -> EncodedDays:
        """Return days with standardised segments."""
        return replace(
            days,
            audio=_standardised(days.audio, *self.audio),
            imu=_standardised(days.imu, *self.imu),
        )

    def rescale(self, space: SharedSpace) -> None:
        """Let a space take standardised features; its embeddings stay the same."""
        for projection, (mean, spread) in ((space.audio, self.audio), (space.imu, self.imu)):
            norm = input_norm(projection)
            norm.running_mean = (norm.get_buffer("running_mean") - mean) / spread
            norm.running_var = norm.get_buffer("running_var") / spread.square()


def input_norm(projection: nn.Module) -> nn.BatchNorm1d:
    """Return the layer of a projection that standardises its features."""
    return next(m for m in projection.modules() if isinstance(m, nn.BatchNorm1d))


def reset_standardisation(space: SharedSpace) -> None:
    """Let a space that nothing trained take standardised features as they are."""
    for projection in (space.audio, space.imu):
        input_norm(projection).reset_running_stats()


def _scale(features: Tensor) -> tuple[Tensor, Tensor]:
    rows = features.float().flatten(0, -2)
    return rows.mean(dim=0), rows.std(dim=0).clamp(min=_LEAST_SPREAD)


def _standardised(features: Tensor, mean: Tensor, spread: Tensor) -> Tensor:
    return (features.float() - mean) / spread
