"""The human voice: babble with the rhythm and formants of speech, laughter, cough, cry, snore."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.simulation.acoustics.sounds.dsp import (
    FS,
    Wave,
    band_noise,
    beats,
    filter_by,
    gate,
    peaks_curve,
    swells,
    tone,
    unit,
    wander,
)

if TYPE_CHECKING:
    from numpy.random import Generator

# First three formants of five vowels (Hz), adult male; Peterson & Barney 1952, rounded.
_VOWELS = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (530, 1840, 2480),
    (570, 840, 2410),
    (300, 870, 2240),
)
# A vowel glides into the next within 50 ms: 50 steps of 1 ms.
_STEP, _GLIDE = 16, 50
_GLOTTIS = [1 / k**1.1 for k in range(1, 60)]


def speech(draw: Generator, noise: Generator, n: int) -> Wave:
    """Speech-like babble: syllables of drawn vowels, fricatives between them, phrase pauses."""
    high_voice = draw.random() < 0.5
    pitch = draw.uniform(165, 250) if high_voice else draw.uniform(85, 150)
    tract = draw.uniform(1.08, 1.25) if high_voice else draw.uniform(0.95, 1.08)
    syllables = beats(noise, n, draw.uniform(3.2, 5.2), 0.25)
    envelope = swells(n, syllables, noise.uniform(0.12, 0.3, syllables.size), 0.8)
    phrase = gate(noise, n, 1.5, draw.uniform(0.8, 0.95))
    contour = pitch * np.exp(0.13 * wander(noise, n, 2.5) + 0.02 * wander(noise, n, 9))
    source = tone(contour.astype(np.float32), n, _GLOTTIS) + 0.02 * band_noise(noise, n, 1000, 7000)
    voiced = np.zeros(n, np.float32)
    vowel_at = noise.integers(0, len(_VOWELS), syllables.size + 1)
    now = vowel_at[np.searchsorted(syllables, np.arange(n))]
    coarse, glide = now[::_STEP], np.full(_GLIDE, 1 / _GLIDE)
    for i, formants in enumerate(_VOWELS):
        share = np.convolve(coarse == i, glide, "same")[: coarse.size]
        weight = np.interp(np.arange(n), np.arange(coarse.size) * _STEP, share)
        peaks = [(f * tract, 90 + 60 * k, 1.0 / (1 + k)) for k, f in enumerate(formants)] + [
            (3500 * tract, 300, 0.2)
        ]
        voiced += filter_by(source, peaks_curve(peaks, 0.01)) * weight.astype(np.float32)
    hiss_at = syllables[noise.random(syllables.size) < 0.45]
    hiss = swells(n, hiss_at, noise.uniform(0.05, 0.13, hiss_at.size))
    fricative = band_noise(noise, n, draw.uniform(2800, 4500), 7800) * hiss
    syllabic = unit(voiced * envelope) + draw.uniform(0.1, 0.35) * fricative
    return np.asarray(syllabic * (0.02 + phrase), np.float32)


def laughter(draw: Generator, noise: Generator, n: int) -> Wave:
    """Ha-ha: aspirated bursts, four to six a second, falling in pitch."""
    pulses = beats(noise, n, draw.uniform(4, 6), 0.08)
    envelope = swells(n, pulses, noise.uniform(0.1, 0.16, pulses.size), 1.5)
    t = np.arange(n) / FS
    fall = np.exp(-0.25 * (t % draw.uniform(1.5, 3.0)))
    source = tone((draw.uniform(180, 420) * fall).astype(np.float32), n, _GLOTTIS)
    breath = band_noise(noise, n, 800, 5000)
    f = draw.uniform(650, 900)
    mouth = peaks_curve([(f, 150, 1), (f * 1.7, 200, 0.7), (2600, 300, 0.4)], 0.02)
    return filter_by(unit(source) + 0.4 * breath, mouth) * envelope


def cough(draw: Generator, noise: Generator, n: int) -> Wave:
    """Explosive noise, then a short voiced tail; one or two a second."""
    at = beats(noise, n, draw.uniform(1.2, 2.2), 0.25)
    blast = swells(n, at, noise.uniform(0.15, 0.3, at.size), 0.4)
    throat = peaks_curve(
        [(draw.uniform(400, 800), 300, 1), (draw.uniform(1200, 2200), 600, 0.8)], 0.1
    )
    voiced = tone(draw.uniform(120, 260), n, _GLOTTIS) * 0.2
    return filter_by(band_noise(noise, n, 200, 6000) + voiced, throat) * blast


def baby_cry(draw: Generator, noise: Generator, n: int) -> Wave:
    """Wails of about a second at 350 to 550 Hz."""
    at = beats(noise, n, draw.uniform(0.9, 1.3), 0.1)
    envelope = swells(n, at, noise.uniform(0.6, 0.95, at.size), 0.6)
    pitch = draw.uniform(350, 550) * (1 + 0.25 * envelope + 0.02 * wander(noise, n, 20))
    source = tone(pitch.astype(np.float32), n, [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.3, 0.2])
    return filter_by(source, peaks_curve([(1100, 500, 1), (3300, 900, 0.7)], 0.15)) * envelope


def snoring(draw: Generator, noise: Generator, n: int) -> Wave:
    """Fluttering noise at every breath."""
    at = beats(noise, n, draw.uniform(0.35, 0.6), 0.06)
    envelope = swells(n, at, noise.uniform(1.2, 1.8, at.size), 1.0) + 0.05
    t = np.arange(n) / FS
    flutter = np.clip(np.sin(2 * np.pi * draw.uniform(25, 60) * t), 0, None) ** 2
    return np.asarray(
        band_noise(noise, n, 80, draw.uniform(600, 1500), 1.0) * envelope * (0.2 + flutter),
        np.float32,
    )
