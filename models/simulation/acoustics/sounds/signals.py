"""Signals: alarms, sirens, bells, fireworks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.simulation.acoustics.sounds.dsp import (
    FS,
    Wave,
    beats,
    burst,
    decaying_partials,
    filter_by,
    peaks_curve,
    strike,
    tone,
    wander,
)

if TYPE_CHECKING:
    from numpy.random import Generator


def alarm(draw: Generator, noise: Generator, n: int) -> Wave:  # noqa: ARG001 - the signature is its callers'
    """A beeper or a ringing phone: groups of pure tones."""
    t = np.arange(n) / FS
    first = draw.uniform(700, 3000)
    second = first * float(draw.choice([1.0, 1.2, 1.33, 1.5]))
    flip = ((t * draw.uniform(4, 12)) % 1.0) < 0.5
    wave = tone(np.where(flip, first, second).astype(np.float32), n, [1, 0.3, 0.2, 0.1])
    beep = ((t * draw.uniform(1.5, 4) + draw.random()) % 1.0) < draw.uniform(0.4, 0.7)
    return np.asarray(wave * np.convolve(beep, np.ones(80) / 80, "same"), np.float32)


def siren(draw: Generator, noise: Generator, n: int) -> Wave:  # noqa: ARG001 - the signature is its callers'
    """A wail or a two-tone horn."""
    t = np.arange(n) / FS
    low, high = draw.uniform(400, 650), draw.uniform(900, 1600)
    phase = (t * draw.uniform(0.25, 0.9) + draw.random()) % 1.0
    if draw.random() < 0.5:
        pitch = low + (high - low) * (1 - np.abs(2 * phase - 1))
    else:
        pitch = np.where(phase < 0.5, low, low * 1.33)
    return tone(pitch.astype(np.float32), n, [1, 0.6, 0.5, 0.3, 0.2, 0.1])


def bells(draw: Generator, noise: Generator, n: int) -> Wave:
    """Church or door bells: inharmonic partials that ring on."""
    ratios = np.array([0.5, 1.0, 1.19, 1.56, 2.0, 2.44, 2.9, 4.1])
    ratios = ratios * draw.uniform(0.99, 1.01, ratios.size)
    base = draw.uniform(250, 1200)
    decay = draw.uniform(0.3, 1.5)
    kernels = [
        decaying_partials(
            base * step * ratios, decay / (0.5 + ratios / 2), 1 / (0.6 + ratios), min(decay * 3, 3)
        )
        for step in (1.0, float(draw.choice([0.75, 0.8, 1.25])))
    ]
    at = beats(noise, n, draw.uniform(1.1, 2.2), 0.03)
    return strike(noise, n, at, noise.uniform(0.7, 1.2, at.size), kernels)


def fireworks(draw: Generator, noise: Generator, n: int) -> Wave:
    """Bangs with crackling tails."""
    kernels = []
    for _ in range(3):
        bang = burst(noise, draw.uniform(0.4, 0.9), 50, draw.uniform(900, 4000), 0.002)
        crackle = burst(noise, (bang.size + 0.5) / FS, 2000, 7000, 0.1)
        crackle *= noise.random(crackle.size) < 0.04
        kernels.append((bang + 2 * crackle).astype(np.float32))
    at = beats(noise, n, draw.uniform(1.2, 3), 0.5)
    return strike(noise, n, at, noise.uniform(0.4, 1.2, at.size), kernels)


def door_creak(draw: Generator, noise: Generator, n: int) -> Wave:
    """Stick and slip: a pulse train whose rate glides, through a wooden body."""
    rate = draw.uniform(30, 110) * np.exp(0.5 * wander(noise, n, 2.5))
    phase = np.cumsum(rate) / FS
    pulses = np.diff(np.floor(phase), prepend=0).astype(np.float32)
    pulses *= noise.uniform(0.5, 1.0, n).astype(np.float32)
    f = draw.uniform(500, 1500)
    body = filter_by(
        pulses, peaks_curve([(f, 150, 1), (f * 2.1, 250, 0.7), (f * 3.7, 400, 0.4)], 0.02)
    )
    return np.asarray(body * np.clip(wander(noise, n, 1.0) + 1.2, 0, 1), np.float32)
