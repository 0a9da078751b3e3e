"""Loudspeakers: music and television."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.simulation.acoustics.sounds.dsp import (
    FS,
    Wave,
    band_curve,
    burst,
    filter_by,
    gate,
    strike,
    tone,
    unit,
)
from models.simulation.acoustics.sounds.impacts import clapping
from models.simulation.acoustics.sounds.voice import laughter, speech

if TYPE_CHECKING:
    from numpy.random import Generator

_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9))


def music(draw: Generator, noise: Generator, n: int) -> Wave:
    """A bass, chords, a melody and perhaps drums in a drawn key and tempo."""
    beat = 60 / draw.uniform(72, 150)
    scale = _SCALES[int(draw.integers(len(_SCALES)))]
    root = draw.uniform(110, 200)
    timbre = [float(draw.uniform(0.2, 1) / k ** draw.uniform(0.6, 1.8)) for k in range(1, 12)]
    roots = draw.integers(0, len(scale), 4)
    total = np.zeros(n, np.float32)

    def note(start_s: float, length_s: float, degree: int, octave: float, gain: float) -> None:
        start = int(start_s * FS)
        size = min(int(length_s * 1.6 * FS), n - start)
        if size < 64:
            return
        t = np.arange(size) / FS
        f = root * octave * 2 ** ((scale[degree % len(scale)] + 12 * (degree // len(scale))) / 12)
        envelope = np.clip(t / 0.01, 0, 1) * np.exp(-2.5 * t / length_s)
        envelope *= np.clip((size / FS - t) / 0.02, 0, 1)
        total[start : start + size] += (
            gain * tone(float(f), size, timbre) * envelope.astype(np.float32)
        )

    beats_in_all = int(n / FS / beat) + 1
    for i in range(beats_in_all):
        base = int(roots[(i // 4) % 4])
        note(i * beat, beat, base, 0.5, 0.9)
        if i % 2 == 0:
            for step in (0, 2, 4):
                note(i * beat, 2 * beat, base + step, 1.0, 0.35)
        for half in (0.0, 0.5):
            if noise.random() < 0.7:
                note((i + half) * beat, beat / 2, int(noise.integers(0, 8)), 2.0, 0.6)
    if draw.random() < 0.6:
        hit = (np.arange(beats_in_all * 2) * beat / 2 * FS).astype(np.intp)
        hit = hit[hit < n]
        kernels = [
            burst(noise, 0.15, 50, 250),
            burst(noise, 0.06, 4000, 7800),
            burst(noise, 0.12, 800, 6000),
        ]
        total += draw.uniform(0.3, 0.9) * strike(noise, n, hit, np.ones(hit.size), kernels)
    return total


def television(draw: Generator, noise: Generator, n: int) -> Wave:
    """A presenter over music, with studio laughter or a crowd, through small loudspeakers."""
    talk = unit(speech(draw, noise, n))
    score = unit(music(draw, noise, n))
    duck = 1 - 0.6 * gate(noise, n, 0.5, 0.6)
    audience = laughter(draw, noise, n) if draw.random() < 0.5 else clapping(draw, noise, n)
    applause = unit(audience) * gate(noise, n, 0.6, 0.2)
    mixed = talk + draw.uniform(0.4, 0.9) * score * duck + 0.5 * applause
    return filter_by(mixed, band_curve(draw.uniform(120, 250), draw.uniform(5000, 7500), 2.0))
