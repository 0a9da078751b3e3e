"""Eating, drinking and teeth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.simulation.acoustics.sounds.dsp import (
    FS,
    Wave,
    band_noise,
    beats,
    burst,
    decaying_partials,
    poisson_times,
    strike,
    swells,
    wander,
)

if TYPE_CHECKING:
    from numpy.random import Generator


def drinking(draw: Generator, noise: Generator, n: int) -> Wave:
    """Sips and gulps."""
    at = beats(noise, n, draw.uniform(1.2, 2.0), 0.2)
    gulp = decaying_partials(
        [draw.uniform(120, 260), draw.uniform(300, 600)], [0.04, 0.02], [1, 0.6], 0.2
    )
    swallow = strike(noise, n, at, noise.uniform(0.6, 1.2, at.size), [gulp])
    sip = swells(n, np.clip(at - int(0.3 * FS), 0, None), noise.uniform(0.15, 0.3, at.size))
    slurp = band_noise(noise, n, draw.uniform(900, 2000), draw.uniform(3500, 6500)) * sip
    return swallow + draw.uniform(0.2, 0.7) * slurp


def chewing(draw: Generator, noise: Generator, n: int) -> Wave:
    """Bites at one to two a second, crunchy or soft."""
    crunch = draw.random()
    at = beats(noise, n, draw.uniform(1.1, 1.9), 0.1)
    bite = swells(n, at, noise.uniform(0.2, 0.4, at.size), 1.2)
    soft = band_noise(noise, n, draw.uniform(150, 400), draw.uniform(1200, 2500)) * bite
    kernels = [burst(noise, draw.uniform(0.005, 0.02), 900, 6500, 0.0005) for _ in range(5)]
    grains = poisson_times(noise, n, draw.uniform(15, 50))
    crackle = strike(noise, n, grains, noise.lognormal(0, 0.6, grains.size), kernels) * bite
    return soft * (1.2 - crunch) + 2 * crunch * crackle


def brushing_teeth(draw: Generator, noise: Generator, n: int) -> Wave:
    """Bristles back and forth, three to five strokes a second; or an electric brush."""
    t = np.arange(n) / FS
    rate = draw.uniform(3, 5.5)
    pace = np.cumsum(rate * (1 + 0.1 * wander(noise, n, 1.0))) / FS
    stroke = np.abs(np.sin(np.pi * pace)) ** draw.uniform(0.6, 1.6)
    bristle = band_noise(noise, n, draw.uniform(1500, 3000), draw.uniform(5500, 7900)) * stroke
    if draw.random() < 0.35:
        buzz = np.sign(np.sin(2 * np.pi * draw.uniform(180, 280) * t))
        return np.asarray(bristle + 0.3 * buzz, np.float32)
    return np.asarray(bristle, np.float32)
