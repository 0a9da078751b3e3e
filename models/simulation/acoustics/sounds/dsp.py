"""Building blocks of the synthesised sounds: 16 kHz, mono, float32."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import fft, signal

if TYPE_CHECKING:
    from numpy.random import Generator

FS = 16_000

Wave: TypeAlias = NDArray[np.float32]
Curve: TypeAlias = Callable[[Wave], Wave]


def white(noise: Generator, n: int) -> Wave:
    """Return n samples of white noise of unit power."""
    return noise.standard_normal(n, dtype=np.float32)


def filter_by(x: Wave, curve: Curve) -> Wave:
    """Filter x by the zero-phase gain `curve(frequency_hz)`."""
    size = fft.next_fast_len(x.size, real=True)
    spectrum = fft.rfft(x, size)
    gain = curve(np.fft.rfftfreq(size, 1 / FS).astype(np.float32))
    return np.asarray(fft.irfft(spectrum * gain, size)[: x.size], np.float32)


def band_curve(low: float, high: float, order: float = 2.0) -> Curve:
    """Return a Butterworth-like band-pass gain; low 0 is a low pass, high 8000 a high pass."""

    def curve(f: Wave) -> Wave:
        gain = 1 / np.sqrt(1 + (f / high) ** (2 * order))
        if low > 0:
            ratio = (f / low) ** order
            gain = gain * ratio / np.sqrt(1 + ratio * ratio)
        return np.asarray(gain, np.float32)

    return curve


def peaks_curve(peaks: Sequence[tuple[float, float, float]], floor: float = 0.0) -> Curve:
    """Return a gain with resonances (frequency Hz, bandwidth Hz, gain) over a constant floor."""

    def curve(f: Wave) -> Wave:
        total = np.full_like(f, floor)
        for centre, width, gain in peaks:
            total += gain / (1 + ((f - centre) / (width / 2)) ** 2)
        return total

    return curve


def band_noise(noise: Generator, n: int, low: float, high: float, order: float = 2.0) -> Wave:
    """Return noise between low and high Hz, unit power."""
    return unit(filter_by(white(noise, n), band_curve(low, high, order)))


def unit(x: Wave) -> Wave:
    """Scale x to unit power."""
    power = float(np.sqrt(np.mean(np.square(x))))
    return x / np.float32(power) if power > 0 else x


def wander(noise: Generator, n: int, rate_hz: float) -> Wave:
    """Return a smooth random curve of about `rate_hz` changes a second, standard deviation 1."""
    points = max(2, int(np.ceil(n / FS * rate_hz)) + 2)
    values = noise.standard_normal(points)
    return np.interp(np.arange(n), np.arange(points) * (n / (points - 1)), values).astype(
        np.float32
    )


def gate(noise: Generator, n: int, rate_hz: float, duty: float) -> Wave:
    """Return a smooth 0..1 switch that is on about `duty` of the time."""
    level = wander(noise, n, rate_hz)
    threshold = float(np.quantile(level, 1 - duty))
    return np.asarray(np.clip((level - threshold) * 4 + 0.5, 0, 1), np.float32)


def beats(noise: Generator, n: int, rate_hz: float, jitter: float = 0.1) -> NDArray[np.intp]:
    """Return sample indices (k,) below `n` of roughly regular events; jitter is in periods."""
    count = int(n / FS * rate_hz * 1.5) + 2
    gaps = (1 + jitter * noise.standard_normal(count)).clip(0.15, 1.7) / rate_hz
    times = np.cumsum(gaps) - gaps[0] * noise.uniform(0.6, 1.0)
    return np.asarray(times[times < n / FS] * FS, np.intp)


def poisson_times(noise: Generator, n: int, rate_hz: float) -> NDArray[np.intp]:
    """Return sample indices (k,) below `n` of a Poisson process, in order; one at least."""
    return np.sort(noise.integers(0, n, max(1, noise.poisson(n / FS * rate_hz))))


def decaying_partials(
    freqs: Sequence[float] | NDArray[np.float64],
    decays_s: Sequence[float] | NDArray[np.float64],
    gains: Sequence[float] | NDArray[np.float64],
    seconds: float,
) -> Wave:
    """Return a struck body: a sum of decaying sinusoids (Hz, s, amplitude)."""
    t = np.arange(int(seconds * FS)) / FS
    total = np.zeros_like(t)
    for f, decay, gain in zip(freqs, decays_s, gains, strict=True):
        total += gain * np.exp(-t / decay) * np.sin(2 * np.pi * f * t)
    return total.astype(np.float32)


def burst(
    noise: Generator, seconds: float, low: float, high: float, attack_s: float = 0.002
) -> Wave:
    """Return a noise burst with a fast attack that decays by 60 dB over `seconds`."""
    n = max(16, int(seconds * FS))
    t = np.arange(n) / FS
    envelope = (1 - np.exp(-t / attack_s)) * np.exp(-6.9 * t / seconds)
    return np.asarray(band_noise(noise, n, low, high) * envelope, np.float32)


def strike(
    noise: Generator, n: int, at: NDArray[np.intp], gains: NDArray[np.float64], kernels: list[Wave]
) -> Wave:
    """Return (n,) with one of `kernels`, drawn at random, at each index `at` (k,) by its gain."""
    total = np.zeros(n, np.float32)
    which = noise.integers(0, len(kernels), at.size)
    for i, kernel in enumerate(kernels):
        impulses = np.zeros(n, np.float32)
        np.add.at(impulses, at[which == i], gains[which == i].astype(np.float32))
        if impulses.any():
            total += signal.oaconvolve(impulses, kernel)[:n].astype(np.float32)
    return total


def tone(frequency_hz: Wave | float, n: int, harmonics: Sequence[float]) -> Wave:
    """Return a harmonic tone of constant or varying pitch from a wavetable."""
    pitch = np.broadcast_to(np.asarray(frequency_hz, np.float64), (n,))
    top = float(pitch.max())
    keep = [gain for k, gain in enumerate(harmonics, 1) if k * top < FS / 2] or [harmonics[0]]
    grid = np.arange(2048) / 2048 * 2 * np.pi
    table = sum(
        (gain * np.sin(k * grid + k * k) for k, gain in enumerate(keep, 1)), np.zeros(2048)
    ).astype(np.float32)
    phase = np.cumsum(pitch) / FS
    return np.asarray(table[((phase % 1.0) * 2048).astype(np.intp) % 2048], np.float32)


def swells(
    n: int, at: NDArray[np.intp], lengths: NDArray[np.float64], sharpness: float = 1.0
) -> Wave:
    """Return an envelope (n,) with a hump of a raised cosine, `lengths` s (k,), at each index."""
    total = np.zeros(n, np.float32)
    for start, length in zip(at, lengths, strict=True):
        size = min(int(length * FS), n - int(start))
        if size > 8:
            hump = np.sin(np.pi * np.arange(size) / size) ** sharpness
            view = total[start : start + size]
            np.maximum(view, hump.astype(np.float32), out=view)
    return total
