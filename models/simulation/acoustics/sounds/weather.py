"""Wind, thunder, fire and frying: irregularly modulated noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.simulation.acoustics.sounds.dsp import (
    FS,
    Wave,
    band_noise,
    burst,
    poisson_times,
    strike,
    swells,
    unit,
    wander,
)

if TYPE_CHECKING:
    from numpy.random import Generator


def wind(draw: Generator, noise: Generator, n: int) -> Wave:
    """Gusts: low rumble and a whistle that bends with them."""
    gust = np.exp(0.5 * wander(noise, n, draw.uniform(0.4, 1.2)))
    rumble = band_noise(noise, n, 25, draw.uniform(150, 450), 1.0)
    centre = draw.uniform(350, 900) * gust**0.4
    whistle = band_noise(noise, n, 0, 60) * np.sin(2 * np.pi * np.cumsum(centre) / FS)
    hush = band_noise(noise, n, 400, draw.uniform(1500, 4000), 1.0)
    return np.asarray(gust * (rumble + draw.uniform(0.05, 0.5) * whistle + 0.25 * hush), np.float32)


def thunder(draw: Generator, noise: Generator, n: int) -> Wave:
    """A crack and rolling low noise."""
    roll = np.exp(0.8 * wander(noise, n, draw.uniform(2, 4)))
    low = band_noise(noise, n, 30, draw.uniform(120, 350), 1.5)
    at = poisson_times(noise, n, 0.3)
    crack = strike(noise, n, at, np.full(at.size, 3.0), [burst(noise, 1.2, 80, 3500, 0.01)])
    return np.asarray(roll * low + crack, np.float32)


def fire(draw: Generator, noise: Generator, n: int) -> Wave:
    """Crackle over a soft roar."""
    kernels = [burst(noise, draw.uniform(0.004, 0.02), 800, 7500, 0.0004) for _ in range(6)]
    at = poisson_times(noise, n, draw.uniform(8, 25))
    crackle = strike(noise, n, at, noise.lognormal(0, 0.9, at.size), kernels)
    roar = band_noise(noise, n, 40, draw.uniform(250, 700), 1.0) * (1 + 0.4 * wander(noise, n, 4))
    return np.asarray(unit(crackle) + draw.uniform(0.3, 0.8) * roar, np.float32)


def frying(draw: Generator, noise: Generator, n: int) -> Wave:
    """Sizzling fat: dense bright crackle of slowly varying level."""
    kernels = [burst(noise, draw.uniform(0.002, 0.008), 2500, 7800, 0.0003) for _ in range(6)]
    at = poisson_times(noise, n, draw.uniform(80, 250))
    sizzle = unit(strike(noise, n, at, noise.lognormal(0, 0.8, at.size), kernels))
    hiss = band_noise(noise, n, draw.uniform(2500, 4000), 7900, 1.5)
    scrape_at = poisson_times(noise, n, draw.uniform(0.1, 0.5))
    scrape = swells(n, scrape_at, noise.uniform(0.2, 0.6, scrape_at.size))
    pan = band_noise(noise, n, 900, 3500) * scrape
    breathing = 1 + 0.25 * wander(noise, n, 1.5)
    fat = sizzle + draw.uniform(0.5, 1.2) * hiss
    return np.asarray(fat * breathing + 0.5 * pan, np.float32)
