"""Birds, dogs, cats, farm animals and insects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.simulation.acoustics.sounds.dsp import (
    FS,
    Wave,
    band_noise,
    beats,
    filter_by,
    peaks_curve,
    strike,
    swells,
    tone,
    wander,
)

if TYPE_CHECKING:
    from numpy.random import Generator


def birds(draw: Generator, noise: Generator, n: int) -> Wave:
    """Chirps: fast sweeps between 2 and 7 kHz, from one to three birds."""
    total = np.zeros(n, np.float32)
    for _ in range(int(draw.integers(1, 4))):
        kernels = []
        for _ in range(4):
            t = np.arange(int(draw.uniform(0.05, 0.22) * FS)) / FS
            first, last = draw.uniform(2000, 6500, 2)
            sweep = first + (last - first) * t / t[-1]
            sweep = sweep + draw.uniform(0, 400) * np.sin(2 * np.pi * draw.uniform(15, 60) * t)
            chirp = np.sin(2 * np.pi * np.cumsum(sweep) / FS) * np.hanning(t.size)
            kernels.append(chirp.astype(np.float32))
        at = beats(noise, n, draw.uniform(1.5, 6), 0.5)
        total += strike(noise, n, at, noise.uniform(0.3, 1.0, at.size), kernels)
    return total


def dog(draw: Generator, noise: Generator, n: int) -> Wave:
    """Barks, one to three a second."""
    size = draw.uniform(0.6, 1.8)
    kernels = []
    for _ in range(3):
        m = int(draw.uniform(0.12, 0.28) * FS)
        t = np.arange(m) / FS
        pitch = 420 / size * (1 + 0.5 * np.sin(np.pi * t / t[-1]))
        voice = tone(pitch.astype(np.float32), m, [1 / k**0.7 for k in range(1, 20)])
        rough = voice + 0.6 * band_noise(noise, m, 400, 4000)
        mouth = peaks_curve([(750 / size, 400, 1), (1700 / size, 600, 0.8)], 0.08)
        kernels.append(filter_by(rough, mouth) * np.hanning(m).astype(np.float32) ** 0.6)
    at = beats(noise, n, draw.uniform(1.2, 3), 0.3)
    return strike(noise, n, at, noise.uniform(0.6, 1.2, at.size), kernels)


def cat(draw: Generator, noise: Generator, n: int) -> Wave:
    """Meows: a rise and fall of about 0.7 s."""
    at = beats(noise, n, draw.uniform(0.9, 1.4), 0.15)
    envelope = swells(n, at, noise.uniform(0.5, 0.9, at.size), 0.8)
    pitch = draw.uniform(380, 650) * (1 + 0.4 * envelope)
    source = tone(pitch.astype(np.float32), n, [1, 0.8, 0.7, 0.5, 0.4, 0.3, 0.2, 0.2])
    return filter_by(source, peaks_curve([(1200, 600, 1), (2600, 900, 0.5)], 0.1)) * envelope


def farm_animals(draw: Generator, noise: Generator, n: int) -> Wave:
    """A cow, a sheep or a hen."""
    kind = int(draw.integers(3))
    pitch, length, rate = ((110, 0.95, 0.95), (280, 0.7, 1.1), (480, 0.18, 3.0))[kind]
    at = beats(noise, n, rate * draw.uniform(0.9, 1.2), 0.2)
    envelope = swells(n, at, length * noise.uniform(0.8, 1.1, at.size), 0.7)
    tremble = 1 + (0.08 if kind == 1 else 0.01) * np.sin(2 * np.pi * 8 * np.arange(n) / FS)
    contour = pitch * draw.uniform(0.8, 1.2) * tremble * (1 + 0.2 * envelope)
    source = tone(contour.astype(np.float32), n, [1 / k**0.6 for k in range(1, 24)])
    throat = peaks_curve(
        [(draw.uniform(500, 900), 300, 1), (draw.uniform(1300, 2300), 500, 0.6)], 0.05
    )
    return filter_by(source, throat) * envelope


def insects(draw: Generator, noise: Generator, n: int) -> Wave:
    """Crickets: trilled pure tones; or a fly's buzz."""
    t = np.arange(n) / FS
    if draw.random() < 0.7:
        carrier = np.sin(2 * np.pi * draw.uniform(3500, 7000) * t)
        trill = np.clip(np.sin(2 * np.pi * draw.uniform(20, 60) * t), 0, None)
        chirp = np.clip(np.sin(2 * np.pi * draw.uniform(1, 4) * t) + 0.4, 0, 1)
        return np.asarray(carrier * trill * chirp, np.float32)
    flight = draw.uniform(140, 260) * np.exp(0.08 * wander(noise, n, 3))
    buzz = tone(flight.astype(np.float32), n, [1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2])
    return np.asarray(buzz * np.exp(0.5 * wander(noise, n, 2)), np.float32)
