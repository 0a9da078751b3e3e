"""The rate, the regularity and the travel of steps, by autocorrelation."""

from __future__ import annotations

import numpy as np

from models.lanhar.resample import RATE
from models.research.lanhar.interpretation.amplitudes import TINY, Floats
from models.research.lanhar.interpretation.windows import SAMPLES

STEP_HZ = (1.15, 3.5)
"""Range of human step rates per second, from slow climbing to a sprint."""
HIGHEST_STEP_CM = 15.0
"""Maximum vertical travel of a trunk in a step; more means that two steps were taken for one."""
_STEP_LAGS = (round(RATE / STEP_HZ[1]), round(RATE / STEP_HZ[0]))  # 6 to 17 rows
_MAX_LAG = 2 * _STEP_LAGS[1] + 2
_PADDED = 256  # rows; a window of 120 does not wrap around


def find_steps(vertical: Floats) -> dict[str, Floats]:
    """Find the step rate as the first strong peak of the autocorrelation, and its regularity."""
    correlation = _autocorrelation(np.abs(np.fft.rfft(vertical, _PADDED, axis=1)) ** 2)
    low, high = _STEP_LAGS
    inner = correlation[:, low : high + 1]
    peak = (inner >= correlation[:, low - 1 : high]) & (inner >= correlation[:, low + 1 : high + 2])
    height = np.where(peak, inner, -1.0)
    best = height.max(axis=1, keepdims=True)
    # Two steps later is as similar as one; the first peak that is nearly as high is the step.
    lag = np.argmax(peak & (height >= 0.75 * best) | (height == best), axis=1) + low
    rows = np.arange(len(vertical))
    half = np.round(lag / 2).astype(int)
    half += np.argmax([correlation[rows, half + shift] for shift in (-1, 0, 1)], axis=0) - 1
    twice = (travel_cm(vertical.std(axis=1), RATE / lag) > HIGHEST_STEP_CM) & (half >= low)
    lag = np.where(twice, half, lag)
    before, at, after = (correlation[rows, lag + shift] for shift in (-1, 0, 1))
    bend = before - 2 * at + after
    shift = np.where(np.abs(bend) > TINY, 0.5 * (before - after) / np.minimum(bend, -TINY), 0.0)
    step_s = (lag + np.clip(shift, -0.5, 0.5)) / RATE
    stride = np.minimum(np.round(2 * step_s * RATE).astype(int), _MAX_LAG - 1)
    two = np.stack([correlation[rows, stride + shift] for shift in (-1, 0, 1)]).max(axis=0)
    return {
        "step_hz": 1 / step_s,
        "step_regularity": np.clip(at, -1, 1),
        "stride_regularity": np.clip(two, -1, 1),
    }


def repetition_of(acc: Floats) -> Floats:
    """Return the autocorrelation of acceleration after a step or a stride, in sensor axes.

    A thigh or an arm swings once in two steps, which vertical acceleration alone may not show.
    """
    centred = acc - acc.mean(axis=1, keepdims=True)
    spectra = np.abs(np.fft.rfft(centred, _PADDED, axis=1)) ** 2
    correlation = _autocorrelation(spectra.sum(axis=2))
    inner = correlation[:, _STEP_LAGS[0] : _MAX_LAG]
    peak = (inner >= correlation[:, _STEP_LAGS[0] - 1 : _MAX_LAG - 1]) & (
        inner >= correlation[:, _STEP_LAGS[0] + 1 :]
    )
    highest: Floats = np.where(peak, inner, 0.0).max(axis=1)
    return np.clip(highest, 0, 1)


def _autocorrelation(power: Floats) -> Floats:
    """Return the unbiased autocorrelation (N, lags) of signals with power spectra (N, F)."""
    correlation = np.fft.irfft(power, axis=1)[:, : _MAX_LAG + 1]
    unbiased = 1 - np.arange(_MAX_LAG + 1) / SAMPLES
    scaled: Floats = correlation / np.maximum(correlation[:, :1], TINY) / unbiased
    return scaled


def travel_cm(amplitude: Floats, hz: Floats) -> Floats:
    """Return the peak-to-peak travel in cm of an oscillation at one frequency: 2·√2·std/ω²."""
    travel: Floats = 200 * np.sqrt(2) * amplitude / (2 * np.pi * hz) ** 2
    return travel
