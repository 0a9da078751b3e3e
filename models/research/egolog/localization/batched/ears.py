"""Ears of many turning heads at a time, in torch.

The direct path and the first reflections go through the ears from their own directions relative to
the turning head.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from torch import Tensor

from models.simulation.acoustics.ears import (
    DIRECTIONS,
    EAR_POINTS_M,
    FRAME,
    HOP,
    NFFT,
    SphericalEars,
    between,
)
from models.simulation.acoustics.head_levels import with_difference
from models.simulation.acoustics.rigid_sphere import sphere_response
from models.simulation.acoustics.sounds.dsp import FS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray


SphereTable: TypeAlias = "tuple[NDArray[np.float32], NDArray[np.float32]]"
DEGREES = 360
# A sphere's near field answers a little before the middle of the absent head would.
AHEAD = 16
FAR_M = 2.0
_COARSE = 129
_GRID_M = np.geomspace(0.1, 8.0, 45)
RADII_M = np.arange(39, 50) * 0.002
_EAR = float(np.deg2rad(95))
BEYOND_SPHERE_DB = (0.0, 3.3)
"""How much more than a sphere's the ears of drawn heads differ, for a source beside them.

From nothing to thrice what CIPIC's subjects have from 350 to 600 Hz.
"""
MEASURED_BEYOND_DB = 1.1
"""What CIPIC's subjects have there, in the mean."""


@dataclass(frozen=True)
class EarTables:
    """E pairs of ears, a response for every degree, and what distance changes.

    `plain` (E, 360, 2, 1025) as measured at `reference` (E,) of the distance grid, `far` the same
    at 2 m, `apart` (E,) m between the ears, `ear` (E,) rad their azimuth; `level` and `phase`
    (R, 45, 181, 129) of a sphere's surface for radii, distances and degrees between ear and source.
    """

    plain: Tensor
    far: Tensor
    reference: Tensor
    apart: Tensor
    ear: Tensor
    radius: Tensor
    level: Tensor
    phase: Tensor

    @classmethod
    def of(
        cls,
        rings: Sequence[Ring],
        plain: NDArray[np.complex64],
        spheres: Spheres,
        device: str | torch.device,
    ) -> EarTables:
        """Return the tables of ears whose responses for every degree are `plain`, all `AHEAD` late.

        `plain` (E, 360, 2, 1025) is what `fine` makes of each of `rings`.
        """
        late = torch.from_numpy(plain).to(device)
        late *= ahead_phase(late.device)
        radius = [int(np.argmin(np.abs(spheres.radii_m - each.radius_m))) for each in rings]
        tables = cls(
            plain=late,
            far=late,
            reference=torch.tensor(
                [distance_index(each.reference_m) for each in rings], device=device
            ),
            apart=torch.tensor([each.apart_m for each in rings], device=device),
            ear=torch.tensor([each.ear_azimuth for each in rings], device=device),
            radius=torch.tensor(radius, device=device),
            level=torch.from_numpy(spheres.level).to(device),
            phase=torch.from_numpy(spheres.phase).to(device),
        )
        return tables.with_far()

    def with_far(self) -> EarTables:
        """Return the tables with the responses at 2 m filled in."""
        device = self.plain.device
        turns = torch.arange(DEGREES, device=device)[None]
        away = torch.tensor([FAR_M], device=device)
        parts = []
        for row in range(len(self.ear)):
            at = torch.tensor([row], device=device)
            responses = self.responses(at, turns, away, self.radius[at])[0]
            parts.append(responses.movedim(1, 0))
        return replace(self, far=torch.stack(parts))

    def responses(
        self, ears: Tensor, degrees: Tensor, distance_m: Tensor, radius: Tensor
    ) -> Tensor:
        """Return responses (N, 2, K, 1025) of ears (N,) to directions (N, K) in whole degrees."""
        table = self.plain[ears[:, None], degrees].movedim(2, 1)  # (N, 2, K, F)
        azimuth = torch.deg2rad(degrees.float())
        ear = torch.stack([self.ear[ears], -self.ear[ears]], dim=1)[..., None]  # (N, 2, 1)
        between_them = azimuth[:, None] - ear
        apart = torch.atan2(between_them.sin(), between_them.cos()).abs()
        row = torch.rad2deg(apart).round().long().clamp(0, 180)  # (N, 2, K)
        at = distance_index_of(distance_m)[:, None, None]
        size, reference = radius[:, None, None], self.reference[ears][:, None, None]
        level = self.level[size, at, row] - self.level[size, reference, row]
        phase = self.phase[size, at, row] - self.phase[size, reference, row]
        bins = table.shape[-1]
        level, phase = _finer(level, bins), _finer(phase, bins)
        return table * torch.polar(level.exp(), phase)


@dataclass(frozen=True)
class Ring:
    """One pair of ears: responses (72, 2, 1025) at `reference_m`, and the head's sizes."""

    table: NDArray[np.complex64]
    reference_m: float
    apart_m: float
    ear_azimuth: float
    radius_m: float

    @classmethod
    def from_table(cls, table: NDArray[np.complex64], distance_m: float = 1.0) -> Ring:
        """Return a head that was measured at `distance_m`, CIPIC's subjects at 1 m."""
        apart = float(EAR_POINTS_M[0, 1] - EAR_POINTS_M[1, 1])
        return cls(table, distance_m, apart, _EAR, 0.0875)

    @classmethod
    def spherical(cls, rng: Generator) -> Ring:
        """Draw a head as `SphericalEars.draw` does, of which most are no whole sphere."""
        ears = SphericalEars.draw(rng)
        apart = float(ears.points_m[0, 1] - ears.points_m[1, 1])
        table = with_difference(ears._table(8.0), float(rng.uniform(*BEYOND_SPHERE_DB)))
        return cls(table, 8.0, apart, ears.ear_azimuth, ears.radius_m)

    def vary_shape(self, rng: Generator) -> Ring:
        """Return a measured head's ears on another shape, drawn as `spherical` draws it."""
        change = float(rng.uniform(*BEYOND_SPHERE_DB)) - MEASURED_BEYOND_DB
        return replace(self, table=with_difference(self.table, change))


@dataclass(frozen=True)
class Spheres:
    """Responses on the surface of R spheres: `level` and `phase` (R, 45, 181, 129)."""

    radii_m: NDArray[np.float64]
    level: NDArray[np.float32]
    phase: NDArray[np.float32]

    @classmethod
    def of(cls, radii_m: NDArray[np.float64], tables: Sequence[SphereTable]) -> Spheres:
        """Return spheres whose tables `sphere_table` made."""
        level, phase = (np.stack(part) for part in zip(*tables, strict=True))
        return cls(radii_m, level, phase)


def sphere_table(radius_m: float) -> SphereTable:
    """Return log-level and phase (45, 181, 129) by distance, angle and frequency."""
    f, angle = np.linspace(0, FS / 2, _COARSE), np.deg2rad(np.arange(181.0))
    sphere = np.stack([sphere_response(f, angle, metres, radius_m) for metres in _GRID_M])
    phase = np.unwrap(np.angle(sphere), axis=-1)
    return np.log(np.abs(sphere)).astype(np.float32), phase.astype(np.float32)


def fine(ring: Ring) -> NDArray[np.complex64]:
    """Return the responses (360, 2, 1025) of a ring for every degree."""
    return between(ring.table, np.arange(DEGREES) * DIRECTIONS / DEGREES)


def distance_index(distance_m: float) -> int:
    """Return the row of the distance grid that is nearest to a distance."""
    return int(np.argmin(np.abs(np.log(_GRID_M / distance_m))))


def distance_index_of(distance_m: Tensor) -> Tensor:
    """Return the rows of the distance grid nearest to distances in m, of the same shape."""
    step = float(np.log(_GRID_M[1] / _GRID_M[0]))
    row = (torch.log(distance_m / float(_GRID_M[0])) / step).round()
    return row.long().clamp(0, len(_GRID_M) - 1)


def _finer(coarse: Tensor, bins: int) -> Tensor:
    """Interpolate (..., 129) linearly to (..., bins)."""
    last = coarse.shape[-1] - 1
    at = torch.arange(bins, device=coarse.device) * (last / (bins - 1))
    low = at.floor().long().clamp(max=last - 1)
    part = at - low
    return torch.lerp(coarse[..., low], coarse[..., low + 1], part.expand(*coarse.shape[:-1], -1))


def through_ears(waves: Tensor, responses: Sequence[Tensor]) -> Tensor:
    """Move waves around heads: (N, A, n) of A arrivals -> (N, 2, n).

    `responses` gives for each arrival (N, 2, frames, 1025), one every HOP samples.
    """
    count, arrivals, n = waves.shape
    frames = -(-n // HOP) + 1
    padded = torch.nn.functional.pad(waves, (HOP, (frames + 1) * HOP - HOP - n))
    window = 0.5 - 0.5 * torch.cos(
        2 * torch.pi * torch.arange(FRAME, device=waves.device, dtype=torch.float32) / FRAME
    )
    total = None
    for arrival, response in zip(range(arrivals), responses, strict=True):
        pieces = padded[:, arrival].unfold(1, FRAME, HOP) * window
        spectra = torch.fft.rfft(pieces, NFFT)[:, None] * response
        total = spectra if total is None else total + spectra
    if total is None:
        raise ValueError("no arrival; expected one or more")
    blocks = -(-NFFT // HOP)
    back = torch.nn.functional.pad(torch.fft.irfft(total, NFFT), (0, blocks * HOP - NFFT))
    back = back.reshape(count, 2, frames, blocks, HOP)
    out = waves.new_zeros(count, 2, frames + blocks, HOP)
    for block in range(blocks):
        out[:, :, block : block + frames] += back[:, :, :, block]
    return out.flatten(2)[..., HOP : HOP + n]


def ahead_phase(device: torch.device) -> Tensor:
    """Return the spectrum (1025,) of a delay of `AHEAD` samples."""
    turn = -2 * torch.pi * AHEAD / NFFT * torch.arange(NFFT // 2 + 1, device=device)
    return torch.polar(torch.ones_like(turn), turn)
