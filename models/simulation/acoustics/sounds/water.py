"""Water: tap, pouring, toilet, rain, sea."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.simulation.acoustics.sounds.dsp import (
    FS,
    Wave,
    band_noise,
    filter_by,
    peaks_curve,
    unit,
    wander,
)
from models.simulation.acoustics.sounds.impacts import drops

if TYPE_CHECKING:
    from numpy.random import Generator


def water_tap(draw: Generator, noise: Generator, n: int) -> Wave:
    """A running tap: steady bright noise over drops in a basin."""
    jet = band_noise(noise, n, draw.uniform(500, 1500), draw.uniform(4500, 7800), 1.2)
    basin = band_noise(noise, n, draw.uniform(150, 300), draw.uniform(500, 1200))
    splash = unit(drops(draw, noise, n, draw.uniform(40, 120)))
    flutter = 1 + draw.uniform(0.05, 0.3) * wander(noise, n, 6)
    flow = (jet + draw.uniform(0.2, 0.6) * basin) * flutter
    return np.asarray(flow + draw.uniform(0.3, 0.9) * splash, np.float32)


def pouring_water(draw: Generator, noise: Generator, n: int) -> Wave:
    """Filling a vessel: a resonance that climbs as the air above the water shrinks."""
    t = np.arange(n) / FS
    period = draw.uniform(3.0, 6.0)
    fill = (t / period + draw.random()) % 1.0
    low, high = draw.uniform(300, 600), draw.uniform(1500, 3000)
    pitch = low * (high / low) ** fill
    body = band_noise(noise, n, 60, 500) * np.sin(2 * np.pi * np.cumsum(pitch) / FS)
    glug = 1 + 0.5 * np.sin(2 * np.pi * draw.uniform(4, 9) * t)
    wet = unit(drops(draw, noise, n, draw.uniform(60, 140)))
    air = band_noise(noise, n, 2000, 7000)
    mixed = body * glug + 0.8 * wet + draw.uniform(0.1, 0.4) * air
    return np.asarray(mixed * np.clip(fill * 20, 0, 1) * np.clip((1 - fill) * 20, 0, 1), np.float32)


def toilet_flush(draw: Generator, noise: Generator, n: int) -> Wave:
    """A rush that swells and drains within some eight seconds."""
    t = np.arange(n) / FS
    rush = band_noise(noise, n, draw.uniform(80, 200), draw.uniform(1800, 4000), 1.0)
    decay = np.exp(-((t % 8.0) / draw.uniform(2.5, 5.0))) * np.clip((t % 8.0) / 0.3, 0, 1)
    gurgle = 1 + 0.6 * wander(noise, n, 9)
    hiss = 0.3 * band_noise(noise, n, 3000, 7500)
    return np.asarray((rush * gurgle + hiss) * (0.1 + decay), np.float32)


def rain(draw: Generator, noise: Generator, n: int) -> Wave:
    """Rain on a hard surface: hiss and countless taps."""
    hiss = band_noise(noise, n, draw.uniform(800, 2000), 7800, 1.0)
    taps = unit(drops(draw, noise, n, draw.uniform(150, 400)))
    steady = hiss * (1 + 0.1 * wander(noise, n, 1))
    return np.asarray(steady + draw.uniform(0.2, 0.8) * taps, np.float32)


def sea_waves(draw: Generator, noise: Generator, n: int) -> Wave:
    """Breakers every few seconds."""
    t = np.arange(n) / FS
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * (t / draw.uniform(4, 9) + draw.random()))
    foam = band_noise(noise, n, draw.uniform(300, 900), draw.uniform(3500, 7000), 1.0)
    deep = unit(filter_by(band_noise(noise, n, 40, 600), peaks_curve([(150, 200, 1.0)], 0.2)))
    return np.asarray((0.15 + swell**2) * foam + (0.3 + 0.7 * swell) * deep, np.float32)
