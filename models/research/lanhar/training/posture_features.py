"""Features that separate sitting from standing: a still window relative to its wearer's others.

Sitting turns a thigh horizontal, tilts a waist and hardly moves a head, so an absolute angle has a
different meaning at each position. But at any position a wearer's still windows span both postures:
each is compared with the midpoint between its wearer's extremes, and similar adjacent windows are
pooled. This assumes that the wearer did more than one still activity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from models.research.lanhar.interpretation.gravity_alignment import (
    MIN_WINDOWS,
    axes,
    gravity,
    wearers,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.research.lanhar.interpretation.analysis import Analysis
    from models.research.lanhar.interpretation.windows import Windows

_EXTREMES = (0.05, 0.95)
# Degrees and rad/s below which differences are the sensor's noise.
_MIN_DEGREES, _MIN_ROTATION = 2.0, 0.005
_ONE_HOLD = 4.0
"""Degrees between the directions of gravity in two windows of one hold, as a standard deviation."""


@dataclass(frozen=True)
class Postures:
    """How N windows are held.

    `values` (N, 3): logarithms of the angle in degrees between gravity and the line of the wearer's
    steps, NaN where that is unknown, and of turning and tilting in rad/s. `gravity` (N, 3) unit
    vectors, `worn` (N,) numbers of wearers with one device at one place.
    """

    values: Tensor
    gravity: Tensor
    worn: Tensor

    def __getitem__(self, index: Tensor) -> Postures:
        return Postures(self.values[index], self.gravity[index], self.worn[index])

    def without_inclination(self) -> Postures:
        """Return the same with the line of every wearer's steps unknown."""
        values = self.values.clone()
        values[:, 0] = torch.nan
        return replace(self, values=values)

    def relative(self, still: Tensor) -> Tensor:
        """Return values (N, 3) over halfway of each wearer's `still` (N,) windows, in spreads.

        0 where nothing is known: outside of `still`, and for a wearer with too few still windows.
        """
        values = torch.full_like(self.values, torch.nan)
        for places in self._wearers(still):
            if len(places) >= MIN_WINDOWS:
                own = self.values[places]
                low, high = own.nanquantile(torch.tensor(_EXTREMES), dim=0)
                values[places] = own - (low + high) / 2
        known = values.isfinite()
        values = values.nan_to_num(0.0)
        spread = (values.square().sum(dim=0) / known.sum(dim=0).clamp_min(1)).sqrt()
        return values / (spread + 1e-3)

    def smoothed(self, vectors: Tensor, still: Tensor) -> Tensor:
        """Average vectors (N, D) of `still` (N,) windows over each wearer's that are held alike.

        Returns unit vectors; those outside of `still` stay as they are.
        """
        averaged = vectors.clone()
        for places in self._wearers(still):
            cosine = self.gravity[places] @ self.gravity[places].T
            degrees = torch.rad2deg(torch.arccos(cosine.clamp(-1, 1)))
            alike = torch.exp(-0.5 * (degrees / _ONE_HOLD).square())
            averaged[places] = normalize(alike @ vectors[places], dim=1)
        return averaged

    def _wearers(self, still: Tensor) -> list[Tensor]:
        return [
            (still & (self.worn == one)).nonzero()[:, 0] for one in torch.unique(self.worn[still])
        ]


def postures(windows: Windows, analyses: Sequence[Analysis]) -> Postures:
    """Return how windows are held; no label is looked at."""
    direction = gravity(windows)
    cosine = np.abs((direction * axes(windows, analyses)).sum(axis=1))
    values = [
        np.log(np.degrees(np.arccos(np.minimum(cosine, 1))) + _MIN_DEGREES),
        np.log(np.array([analysis.turning for analysis in analyses]) + _MIN_ROTATION),
        np.log(np.array([analysis.tilting for analysis in analyses]) + _MIN_ROTATION),
    ]
    return Postures(
        torch.from_numpy(np.stack(values, axis=1).astype(np.float32)),
        torch.from_numpy(direction),
        torch.from_numpy(wearers(windows)),
    )
