"""Rooms for many sources at a time, in torch.

What `models.simulation.rendering.mixer` renders for one clip, from the same physics: image sources
up to the third order and a diffuse field after them. On a graphics card this makes tens of
thousands of seconds of sound while a processor's core makes ten.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.simulation.acoustics.rooms import (
    BANDS_HZ,
    KINDS,
    LONGEST_S,
    MAX_ORDER,
    SPEED_OF_SOUND,
)
from models.simulation.acoustics.sounds.dsp import FS

KIND_NAMES = tuple(KINDS)
LATE = round(LONGEST_S * FS)
_WALL_TAPS = 128
_KEEP_OFF_M = 0.1


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
