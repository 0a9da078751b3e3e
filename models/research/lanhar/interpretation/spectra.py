"""Power by frequency, and shares of it."""

from __future__ import annotations

import numpy as np
from scipy.signal.windows import hann

from models.lanhar.resample import RATE
from models.research.lanhar.interpretation.amplitudes import TINY, Floats

_BINS = 1_024
FREQUENCIES = np.fft.rfftfreq(_BINS, 1 / RATE)


def power_spectrum(signal: Floats) -> Floats:
    """Return the power of (N, T, ...) at `FREQUENCIES`, (N, F, ...)."""
    window = hann(signal.shape[1], sym=False)
    window = window.reshape(1, -1, *[1] * (signal.ndim - 2))
    centred = signal - signal.mean(axis=1, keepdims=True)
    power: Floats = np.abs(np.fft.rfft(centred * window, _BINS, axis=1)) ** 2
    return power


def energy_near(spectrum: Floats, centre: Floats, width: float = 0.2) -> Floats:
    """Return the energy of spectra (N, F) less than `width` Hz from `centre` (N,)."""
    inside = np.abs(FREQUENCIES[None] - centre[:, None]) < width
    energy: Floats = (spectrum * inside).sum(axis=1)
    return energy


def strongest_frequency(spectrum: Floats, band: tuple[float, float]) -> Floats:
    """Return the frequency (N,) of spectra (N, F) with the most power in a band, Hz."""
    low, high = np.searchsorted(FREQUENCIES, band)
    strongest: Floats = FREQUENCIES[low + np.argmax(spectrum[:, low:high], axis=1)]
    return strongest


def energy_share(part: Floats, whole: Floats) -> Floats:
    """Return the share (N,) of one spectrum's energy in that of another."""
    share: Floats = part.sum(axis=1) / (whole.sum(axis=1) + TINY)
    return share
