"""Rooms, ears and moving heads for many sources at a time, in torch.

What `models.simulation.rendering.mixer` renders for one clip, from the same physics: image sources
up to the third order, a diffuse field after them, the direct path and the first reflections through
the ears from their own directions relative to the turning head. On a graphics card this makes tens
of thousands of seconds of sound while a processor's core makes ten.
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
from models.simulation.acoustics.rooms import (
    BANDS_HZ,
    KINDS,
    LONGEST_S,
    MAX_ORDER,
    SPEED_OF_SOUND,
)
from models.simulation.acoustics.sounds.dsp import FS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

SphereTable: TypeAlias = "tuple[NDArray[np.float32], NDArray[np.float32]]"

DEGREES = 360
KIND_NAMES = tuple(KINDS)
LATE = round(LONGEST_S * FS)
# A sphere's near field answers a little before the middle of the absent head would.
AHEAD = 16
FAR_M = 2.0
_WALL_TAPS = 128
_KEEP_OFF_M = 0.1
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


def _image_indices() -> Tensor:
    """Return the indices (I, 3) of all image sources up to `MAX_ORDER`, the source left out."""
    reach = range(-MAX_ORDER, MAX_ORDER + 1)
    every = [(x, y, z) for x in reach for y in reach for z in reach]
    return torch.tensor([i for i in every if 0 < sum(map(abs, i)) <= MAX_ORDER])


def band_weights(f: Tensor) -> Tensor:
    """Return (7, F) weights that add up to 1: linear interpolation over log-frequency."""
    at = torch.log2(f.clamp(BANDS_HZ[0], BANDS_HZ[-1]) / BANDS_HZ[0])
    apart = (at[None] - torch.arange(len(BANDS_HZ), device=f.device)[:, None]).abs()
    return (1 - apart).clamp(0, 1)


@dataclass(frozen=True)
class Rooms:
    """B drawn rooms: `kind` (B,), `size` and `listener` (B, 3) in m, `absorption` (B, 6, 7)."""

    kind: Tensor
    size: Tensor
    listener: Tensor
    absorption: Tensor

    @classmethod
    def draw(cls, shares: dict[str, float], count: int, rng: torch.Generator) -> Rooms:
        """Draw rooms whose kinds have the given probabilities, as `Room.draw` does one."""
        device = rng.device

        def uniform(*shape: int) -> Tensor:
            return torch.rand(shape, generator=rng, device=device)

        share = torch.tensor([shares.get(name, 0.0) for name in KIND_NAMES], device=device)
        kind = torch.multinomial(share, count, replacement=True, generator=rng)

        def of_kind(values: list[object]) -> Tensor:
            return torch.tensor(values, dtype=torch.float32, device=device)[kind]

        kinds = list(KINDS.values())
        low, high = of_kind([k.low for k in kinds]), of_kind([k.high for k in kinds])
        size = low + (high - low) * uniform(count, 3)
        rt60 = of_kind([k.rt60_s for k in kinds])
        time_s = rt60[:, 0] + (rt60[:, 1] - rt60[:, 0]) * uniform(count)
        areas = wall_areas(size)
        bands = torch.tensor(BANDS_HZ, device=device) / 1000
        normal = torch.randn((count, 6), generator=rng, device=device)
        mean = 1 - torch.exp(-0.161 * size.prod(1) / (time_s.clamp(min=1e-6) * areas.sum(1)))
        shares_of = torch.exp(0.5 * normal)
        shares_of = shares_of * (mean * areas.sum(1) / (areas * shares_of).sum(1))[:, None]
        slopes = -0.15 + 0.6 * uniform(count, 6)
        walls = (shares_of[..., None] * bands ** slopes[..., None]).clamp(0.02, 0.98)
        fronts = torch.where(uniform(count, 2) < 0.6, 0.1 + 0.3 * uniform(count, 2), 0.95)
        ground = 0.05 + 0.35 * uniform(count, 1)
        sky = torch.full((count, 1), 0.98, device=device)
        open_air = torch.cat([sky, sky, fronts, ground, sky], dim=1)[..., None] * bands**0.2
        open_air = open_air.clamp(0.02, 0.98)
        street = (kind == KIND_NAMES.index("street"))[:, None, None]
        open_field = (kind == KIND_NAMES.index("open"))[:, None, None]
        walls = torch.where(street, open_air, walls)
        walls = torch.where(open_field, torch.ones_like(walls), walls)
        margin = of_kind([k.margin_m for k in kinds])[:, None]
        place = margin + (size[:, :2] - 2 * margin) * uniform(count, 2)
        tall = torch.minimum(1.1 + 0.65 * uniform(count), size[:, 2] - 0.3)
        return cls(kind, size, torch.cat([place, tall[:, None]], dim=1), walls)

    @property
    def rt60_s(self) -> Tensor:
        """Eyring's reverberation time (B, 7) in s."""
        kept = self._mean().clamp(max=0.99)
        surface = wall_areas(self.size).sum(1)
        return 0.161 * self.size.prod(1)[:, None] / (-surface[:, None] * torch.log1p(-kept))

    @property
    def critical_m(self) -> Tensor:
        """Distance (B, 7) in m at which direct and reverberant sound are equally strong."""
        mean = self._mean().clamp(max=0.99)
        surface = wall_areas(self.size).sum(1)[:, None]
        return (surface * mean / (1 - mean) / (16 * torch.pi)).sqrt()

    @property
    def answers(self) -> Tensor:
        """Which rooms (B,) answer at all: the open field does not."""
        return (self.absorption < 1).any(dim=2).any(dim=1)

    def inside(self, azimuth: Tensor, distance_m: Tensor) -> Tensor:
        """Return how far (B,) a source at `azimuth` of the world can be from the listener."""
        reach = distance_m
        for axis, along in ((0, azimuth.cos()), (1, azimuth.sin())):
            wall = torch.where(along > 0, self.size[:, axis] - _KEEP_OFF_M, _KEEP_OFF_M)
            off = (wall - self.listener[:, axis]) / torch.where(along.abs() > 1e-6, along, 1e-6)
            reach = torch.where(along.abs() > 1e-6, torch.minimum(reach, off), reach)
        return reach

    def of(self, rows: Tensor) -> Rooms:
        """Return the rooms of some rows."""
        return Rooms(self.kind[rows], self.size[rows], self.listener[rows], self.absorption[rows])

    def images(self, azimuth: Tensor, reach_m: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return place (B, I, 3) from the listener, gain (B, I, 7) and order (I,) of images."""
        index = _image_indices().to(azimuth.device)
        zero = torch.zeros_like(azimuth)
        away = torch.stack([azimuth.cos(), azimuth.sin(), zero], dim=1) * reach_m[:, None]
        source, size = (self.listener + away)[:, None], self.size[:, None]
        odd = (index % 2 == 1)[None]
        mirrored = torch.where(odd, (index + 1) * size - source, index * size + source)
        count = index.abs()
        first, second = (count + 1) // 2, count // 2
        high = torch.where(index > 0, first, second)  # hits of east, north, ceiling
        low = count - high
        hits = torch.stack([low, high], dim=2).flatten(1).float()  # (I, 6) as the walls go
        kept = 0.5 * torch.log((1 - self.absorption).clamp(min=1e-12))  # (B, 6, 7)
        gain = torch.exp(torch.einsum("iw,bwf->bif", hits, kept))
        gain = torch.where(self.answers[:, None, None], gain, 0.0)
        return mirrored - self.listener[:, None], gain, count.sum(1)

    def late(self, apart_m: Tensor, rng: torch.Generator) -> Tensor:
        """Return the diffuse field (B, 2, n) of a source of unit gain at 1 m at two points.

        `apart_m` (B,) is how far the points are from each other.
        """
        device, count = self.size.device, len(self.size)
        f = torch.fft.rfftfreq(LATE, 1 / FS, device=device)
        noise = torch.randn((count, 2, LATE), generator=rng, device=device)
        first, second = torch.fft.rfft(noise).unbind(1)
        alike = torch.sinc(2 * f * apart_m[:, None] / SPEED_OF_SOUND)
        second = alike * first + (1 - alike**2).clamp(min=0).sqrt() * second
        both = torch.stack([first, second], dim=1)  # (B, 2, F)
        time_s, critical = self.rt60_s, self.critical_m
        t = torch.arange(LATE, device=device) / FS
        surface = wall_areas(self.size).sum(1)
        mixed = (MAX_ORDER + 0.5) * 4 * self.size.prod(1) / (SPEED_OF_SOUND * surface)
        rise = ((t - mixed.clamp(max=0.1)[:, None] + 0.0025) / 0.005).clamp(0, 1)
        rise = rise * (t < time_s.amax(1).clamp(0.1, LONGEST_S)[:, None])
        rise = rise * self.answers[:, None]
        out = torch.zeros_like(noise)
        for band, weight in enumerate(band_weights(f)):
            decay, reach = time_s[:, band, None], critical[:, band, None]
            energy = 13.8 / (decay * FS) / reach**2
            fall = (energy * torch.exp(-13.8 * t / decay)).sqrt() * rise
            out += torch.fft.irfft(both * weight.sqrt(), LATE) * fall[:, None]
        return out

    def _mean(self) -> Tensor:
        areas = wall_areas(self.size)
        return torch.einsum("bw,bwf->bf", areas, self.absorption) / areas.sum(1, keepdim=True)


def wall_areas(size: Tensor) -> Tensor:
    """Return the areas (B, 6) of west, east, south, north, floor and ceiling."""
    x, y, z = size.unbind(1)
    return torch.stack([y * z, y * z, x * z, x * z, x * y, x * y], dim=1)


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
    """Return the rows of the distance grid that are nearest to distances."""
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


def convolve(wave: Tensor, response: Tensor) -> Tensor:
    """Convolve (N, n) with (N, M, k); return the first n samples (N, M, n)."""
    size = 1 << (wave.shape[1] + response.shape[2] - 1).bit_length()
    if size > 65_536 > wave.shape[1] + response.shape[2]:
        size = 65_536
    both = torch.fft.rfft(wave, size)[:, None] * torch.fft.rfft(response, size)
    out: Tensor = torch.fft.irfft(both, size)[..., : wave.shape[1]]
    return out


def echoes_at(place: Tensor, gain: Tensor, distance_m: Tensor, points_m: Tensor) -> Tensor:
    """Return impulses (N, M, LATE) of images (N, I) at points (N, M, 3), after the direct path.

    `gain` (N, I, 7) is 0 for images that are not wanted.
    """
    count = len(gain)
    points = points_m.shape[1]
    path = (place[:, None] - points_m[:, :, None]).norm(dim=3)  # (N, M, I)
    at = ((path - distance_m[:, None, None]) / SPEED_OF_SOUND * FS).round().long().clamp(min=0)
    f = torch.fft.rfftfreq(_WALL_TAPS, 1 / FS, device=gain.device)
    impulses = torch.fft.irfft(gain @ band_weights(f), _WALL_TAPS).roll(_WALL_TAPS // 2, 2)
    level = (distance_m[:, None, None] / path.clamp(min=1e-3))[..., None] * impulses[:, None]
    half, width = _WALL_TAPS // 2, LATE + 2 * _WALL_TAPS
    first = at.clamp(max=LATE) + half
    index = first[..., None] + torch.arange(_WALL_TAPS, device=gain.device)
    level = level * (at < LATE)[..., None]
    out = gain.new_zeros(count, points, width)
    out.scatter_add_(2, index.flatten(2), level.flatten(2))
    return out[..., 2 * half : 2 * half + LATE]
