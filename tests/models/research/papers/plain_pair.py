"""Spectra and moments as features: quick, and enough to tell a tone or a swing from another."""

from __future__ import annotations

import torch
from torch import Tensor

from models.research.papers.feature_pair import FeaturePair


class Spectrum:
    """Log power in 24 bands of sound at 16 kHz."""

    width = 24

    def __call__(self, values: Tensor) -> Tensor:
        power = torch.fft.rfft(values).abs() ** 2
        bands = torch.tensor_split(power[:, : power.shape[1] // 4], self.width, dim=1)
        return torch.stack([band.mean(1) for band in bands], dim=1).add(1e-6).log()


class Swing:
    """Mean and spread of each axis, and of its steps."""

    width = 18

    def __call__(self, values: Tensor) -> Tensor:
        steps = values.diff(dim=1)
        return torch.cat([values.mean(1), values.std(1), steps.std(1)], dim=1)


PAIR = FeaturePair("plain", Spectrum(), Swing())
