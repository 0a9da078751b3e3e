"""The sensor encoder's input: motion along and about gravity, and measures of it (LanHAR §3.5.1).

The paper normalises the raw axes; this input is invariant to the sensor's rotation, and free of the
accelerometer's scale error (gravity of 9.2 to 10.3 m/s²) and the gyroscope's bias. `GAIT` are the
measures that separate walking from stairs in the same direction at the waist and at the head:
stairs are less sharp and move more along gravity, and going down loads faster than it unloads.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from models.network.polyphase import hann

RATE = 20
SAMPLES = 120
"""Rows of a usual window; any length from 3 s on is accepted."""
MIN_SAMPLES = 60
GRAVITY = 9.81
CHANNELS = 7

Float32 = NDArray[np.float32]
Array = NDArray[np.float64]

_BINS = 512
_EDGES_HZ = (3.5, 4.0, 1.0)
_FREQUENCIES = fft.rfftfreq(_BINS, 1 / RATE)
_SIGNALS = ("vertical", "magnitude", "horizontal", "rotation", "turning")
_OF_SIGNAL = (
    "jerk", "jerk_skew", "jerk_peaks", "skew", "peaks", "0.4_hz", "1.2_hz", "2.6_hz", "4.2_hz",
    "6.5_hz", "centroid", "spread", "step", "stride", "opposite",
)  # fmt: skip
_TIMED = tuple(f"{signal}_{what}" for signal in _SIGNALS for what in _OF_SIGNAL)
_BANDS = ((0.4, 1.2), (1.2, 2.6), (2.6, 4.2), (4.2, 6.5), (6.5, 10.01))
_MOVING = slice(int((_FREQUENCIES <= 0.4).sum()), None)
_STEPPING = slice(int((_FREQUENCIES <= 1.2).sum()), int((_FREQUENCIES < 2.6).sum()))
_OF_BANDS = np.stack(
    [(low <= _FREQUENCIES) & (high > _FREQUENCIES) for low, high in _BANDS], axis=1
).astype(np.float64)
MEASURES: tuple[str, ...] = (
    "vertical", "horizontal", "horizontal_ratio", "turning", "tilting", "rotation_ratio",
    "turning_ratio", *_TIMED, "step_hz", "slow_jerk_skew", "slow_skew", "slow_jerk", "slow_balance",
    "balance", "jerk_balance", "trough", "crest", "fast_ratio", "fast", "step_band", "anisotropy",
    "tilting_anisotropy",
)  # fmt: skip
"""Names of the measures, in the order of `measures`."""
GAIT: tuple[int, ...] = tuple(
    MEASURES.index(name)
    for name in (
        "vertical", "vertical_jerk_skew", "vertical_jerk", "fast_ratio", "crest",
        "horizontal_ratio", "slow_jerk", "slow_jerk_skew", "horizontal_skew", "step_hz",
    )
)  # fmt: skip
"""Indices of the measures that transfer between body positions."""


def split(imu: NDArray[Any]) -> tuple[Array, Array, Array, Array]:
    """(B, T, 6) -> vertical (B, T), horizontal (B, T, 3), turning (B, T), tilting (B, T, 3).

    Accelerations in m/s² without gravity, rotations in rad/s without the window's mean.
    """
    acc, gyro = imu[..., :3].astype(np.float64), imu[..., 3:].astype(np.float64)
    mean = acc.mean(axis=1, keepdims=True)
    length = np.maximum(np.sqrt((mean**2).sum(axis=-1, keepdims=True)), 1e-3)
    up = mean / length
    acc = acc * (GRAVITY / length)
    along = (acc * up).sum(axis=-1)
    gyro = gyro - gyro.mean(axis=1, keepdims=True)
    turning = (gyro * up).sum(axis=-1)
    return along - GRAVITY, acc - along[..., None] * up, turning, gyro - turning[..., None] * up


def below(values: Array, *hz: float, order: int = 3) -> tuple[Array, ...]:
    """Low-pass (B, T) at each of `hz` without shift: a Butterworth's squared response, mirrored."""
    rows = values.shape[1]
    spectrum = fft.rfft(np.concatenate([values, values[:, ::-1]], axis=1), axis=1)
    filtered = fft.irfft(spectrum * _response(rows, hz, order), n=2 * rows, axis=2)
    return tuple(filtered[..., :rows])


@lru_cache(maxsize=16)
def _response(rows: int, hz: tuple[float, ...], order: int) -> Array:
    """Return the response (E, 1, F) at each of `hz` of a signal with as many mirrored rows."""
    edges = np.array(hz)[:, None, None]
    response: Array = 1 / (1 + (fft.rfftfreq(2 * rows, 1 / RATE) / edges) ** (2 * order))
    return response


def channels(imu: NDArray[Any]) -> Float32:
    """(B, T, 6) -> (B, 7, T), with compressed amplitudes, so that impacts do not dominate steps.

    Vertical acceleration in full, below 3.5 Hz and above; horizontal acceleration; turning and
    tilting; and vertical acceleration over its own amplitude, which is independent of gain.
    """
    parts = split(imu)
    return _channels(parts, *below(parts[0], 3.5))


def measures(imu: NDArray[Any]) -> Float32:
    """(B, T, 6) m/s² and rad/s -> (B, M) measures named in `MEASURES`, all finite."""
    parts = split(imu)
    return _measures(imu, parts, *below(parts[0], *_EDGES_HZ))


def channels_and_measures(imu: NDArray[Any]) -> tuple[Float32, Float32]:
    """Return `channels` and `measures`, bit-equal but cheaper than separately."""
    parts = split(imu)
    slow, *slower = below(parts[0], *_EDGES_HZ)
    return _channels(parts, slow), _measures(imu, parts, slow, *slower)


def _channels(parts: tuple[Array, Array, Array, Array], slow: Array) -> Float32:
    vertical, horizontal, turning, tilting = parts
    own = vertical / (_std(vertical)[:, None] + 0.1)
    compressed = np.arcsinh(
        [
            vertical,
            slow,
            vertical - slow,
            _norm(horizontal),
            2 * turning,
            2 * _norm(tilting),
        ]
    )
    return np.stack([*compressed, own], axis=1).astype(np.float32)


def _measures(
    imu: NDArray[Any],
    parts: tuple[Array, Array, Array, Array],
    slow: Array,
    slower: Array,
    slowest: Array,
) -> Float32:
    vertical, horizontal, turning, tilting = parts
    across, about = _norm(horizontal), _norm(tilting)
    magnitude = np.sqrt((imu[..., :3].astype(np.float64) ** 2).sum(axis=-1))
    magnitude *= GRAVITY / np.maximum(magnitude.mean(axis=1, keepdims=True), 1e-3)
    signals = np.stack([vertical, magnitude, across, about, turning], axis=1)  # (B, 5, T)
    signals -= signals.mean(axis=2, keepdims=True)
    v, h = _log(_std(vertical)), _log(_rms(across))
    t, o = _log(_std(turning), 0.005), _log(_rms(about), 0.005)
    acc = np.sqrt(_std(vertical) ** 2 + _rms(across) ** 2)
    gyro = np.sqrt(_std(turning) ** 2 + _rms(about) ** 2)
    timed, power = _time_features(signals)
    step_hz = _FREQUENCIES[_STEPPING][power[:, 0, _STEPPING].argmax(axis=1)]
    slow_jerk = np.diff(slow, axis=1)
    jerk = np.diff(vertical, axis=1)
    fast = _std(vertical - slower)
    band = _std(slow - slowest)
    ordered = np.sort(vertical, axis=1)
    rows = [
        v, h, h - v, t, o, _log(gyro, 0.01) - _log(acc), t - o,
        *timed.reshape(len(timed), -1).T,
        step_hz,
        _skew(slow_jerk), _skew(slow),
        _log(_std(slow_jerk), 1e-3) - _log(_std(slow)),
        _balance(np.sort(slow, axis=1), 0.02), _balance(ordered, 0.02),
        _balance(np.sort(jerk, axis=1), 0.03),
        _quantile(ordered, 0.03), _quantile(ordered, 0.97),
        _log(fast, 0.05) - _log(band, 0.05), _log(fast, 0.05), _log(band, 0.05),
        _anisotropy(horizontal), _anisotropy(tilting),
    ]  # fmt: skip
    finite = np.nan_to_num(np.stack(rows, axis=1), nan=0.0, posinf=0.0, neginf=0.0)
    measured: Float32 = finite.astype(np.float32)
    return measured


def _time_features(signals: Array) -> tuple[Array, Array]:
    """(B, S, T) -> (B, S, 15) shape, bands and rhythm of every signal, and power (B, S, F)."""
    rows_in = signals.shape[2]
    scale = _std(signals) + 0.02
    steps = np.diff(signals, axis=2)
    step_scale = _std(steps)
    jerk = steps / (step_scale[..., None] + 0.02)
    own = signals / scale[..., None]
    power = np.abs(fft.rfft(signals * _window(rows_in), _BINS, axis=2)) ** 2
    moving = power[..., _MOVING]
    total = moving.sum(axis=2) + 1e-9
    shares = moving / total[..., None]
    bands = np.log(power @ _OF_BANDS / total[..., None] + 1e-3)
    spectrum = fft.rfft(signals, 2 * rows_in, axis=2)
    likeness = fft.irfft(np.abs(spectrum) ** 2, n=2 * rows_in, axis=2)[..., :30]
    unbiased = 1 - np.arange(30) / rows_in
    likeness = likeness / (likeness[..., :1] + 1e-6) / unbiased
    # numpy's power takes twenty times as long as a product.
    jerk_squared, own_squared = jerk * jerk, own * own
    rows = [
        _log(step_scale) - np.log(scale),
        (jerk_squared * jerk).mean(axis=2),
        _log((jerk_squared * jerk_squared).mean(axis=2), 1e-3),
        (own_squared * own).mean(axis=2),
        _log((own_squared * own_squared).mean(axis=2), 1e-3),
        *np.moveaxis(bands, 2, 0),
        (shares * _FREQUENCIES[_MOVING]).sum(axis=2),
        -(shares * np.log(shares + 1e-9)).sum(axis=2),
        likeness[..., 7:17].max(axis=2),
        likeness[..., 17:29].max(axis=2),
        likeness[..., 3:12].min(axis=2),
    ]
    return np.stack(rows, axis=2), power


@lru_cache(maxsize=16)
def _window(rows: int) -> Array:
    return hann(rows, periodic=False)


def _norm(vectors: Array) -> Array:
    norm: Array = np.sqrt((vectors**2).sum(axis=-1) + 1e-8)
    return norm


def _std(values: Array) -> Array:
    # Bit-equal to numpy's own, whose argument checks take twice as long.
    count = values.shape[-1]
    centred = values - np.add.reduce(values, axis=-1, keepdims=True) / count
    centred *= centred
    deviation: Array = np.sqrt(np.add.reduce(centred, axis=-1) / (count - 1))
    return deviation


def _rms(values: Array) -> Array:
    root: Array = np.sqrt((values**2).mean(axis=1))
    return root


def _log(values: Array, floor: float = 0.02) -> Array:
    logarithm: Array = np.log(values + floor)
    return logarithm


def _skew(values: Array) -> Array:
    centred = values - values.mean(axis=1, keepdims=True)
    own = centred / (_std(centred)[:, None] + 0.01)
    skew: Array = (own * own * own).mean(axis=1)
    return skew


def _balance(ordered: Array, share: float) -> Array:
    """Log ratio of a sorted signal's (B, T) upper to its lower tail."""
    low, high = _quantile(ordered, share), _quantile(ordered, 1 - share)
    return _log(np.maximum(high, 0), 0.05) - _log(np.maximum(-low, 0), 0.05)


def _quantile(ordered: Array, share: float) -> Array:
    """(B, T) in ascending order -> (B,), linearly interpolated."""
    place = share * (ordered.shape[1] - 1)
    low = int(place)
    between: Array = ordered[:, low] + (place - low) * (ordered[:, low + 1] - ordered[:, low])
    return between


def _anisotropy(vectors: Array) -> Array:
    """(B, T, 3) in one plane -> log of the shorter axis over the longer."""
    covariance = vectors.transpose(0, 2, 1) @ vectors / vectors.shape[1]
    trace = np.trace(covariance, axis1=1, axis2=2)
    square = (covariance**2).sum(axis=(1, 2))
    # In a plane the two variances are the roots of x² − trace·x + (trace² − square)/2.
    gap = np.sqrt(np.maximum(2 * square - trace**2, 0))
    short, long = np.sqrt(np.maximum((trace - gap) / 2, 0)), np.sqrt((trace + gap) / 2)
    return _log(short) - _log(long)
