"""What the sensor encoder sees: motion along and about gravity, and measures of it (LanHAR §3.5.1).

The paper normalises the raw axes; here nothing depends on how the sensor is turned, and the
accelerometer's scale error (gravity of 9.2 to 10.3 m/s²) and the gyroscope's bias are taken out.
`GAIT` are the measures that order walking and stairs alike at the waist and at the head: stairs
are less sharp, have more of their motion along gravity, and going down loads faster than it
unloads.
"""

from __future__ import annotations

import torch
from torch import Tensor

RATE = 20
SAMPLES = 120
"""Rows of a window; shorter and longer ones, from 3 s on, are taken as they are."""
MIN_SAMPLES = 60
GRAVITY = 9.81
CHANNELS = 7

_BINS = 512
_FREQUENCIES = torch.fft.rfftfreq(_BINS, 1 / RATE)
_SIGNALS = ("vertical", "magnitude", "horizontal", "rotation", "turning")
_OF_SIGNAL = (
    "jerk", "jerk_skew", "jerk_peaks", "skew", "peaks", "0.4_hz", "1.2_hz", "2.6_hz", "4.2_hz",
    "6.5_hz", "centroid", "spread", "step", "stride", "opposite",
)  # fmt: skip
_TIMED = tuple(f"{signal}_{what}" for signal in _SIGNALS for what in _OF_SIGNAL)
_BANDS = ((0.4, 1.2), (1.2, 2.6), (2.6, 4.2), (4.2, 6.5), (6.5, 10.01))
_MOVING = slice(int((_FREQUENCIES <= 0.4).sum()), None)
_STEPPING = slice(int((_FREQUENCIES <= 1.2).sum()), int((_FREQUENCIES < 2.6).sum()))
_OF_BANDS = torch.stack(
    [((low <= _FREQUENCIES) & (high > _FREQUENCIES)).float() for low, high in _BANDS], dim=1
)
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
"""Places of the measures that carry over between body positions."""


def split(imu: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(B, T, 6) -> vertical (B, T), horizontal (B, T, 3), turning (B, T), tilting (B, T, 3).

    Accelerations in m/s² without gravity, rotations in rad/s without the window's mean.
    """
    acc, gyro = imu[..., :3], imu[..., 3:]
    mean = acc.mean(dim=1, keepdim=True)
    length = mean.norm(dim=-1, keepdim=True).clamp_min(1e-3)
    up = mean / length
    acc = acc * (GRAVITY / length)
    along = (acc * up).sum(dim=-1)
    gyro = gyro - gyro.mean(dim=1, keepdim=True)
    turning = (gyro * up).sum(dim=-1)
    return along - GRAVITY, acc - along[..., None] * up, turning, gyro - turning[..., None] * up


def below(signal: Tensor, *hz: float, order: int = 3) -> tuple[Tensor, ...]:
    """Low-pass (B, T) at each of `hz` without shift: a Butterworth's squared response, mirrored."""
    rows = signal.shape[1]
    edges = torch.tensor(hz)[:, None, None]
    response = 1 / (1 + (torch.fft.rfftfreq(2 * rows, 1 / RATE) / edges) ** (2 * order))
    spectrum = torch.fft.rfft(torch.cat([signal, signal.flip(1)], dim=1), dim=1)
    filtered = torch.fft.irfft(spectrum * response, n=2 * rows, dim=2)
    return tuple(filtered[..., :rows].unbind(dim=0))


def channels(imu: Tensor) -> Tensor:
    """(B, T, 6) -> (B, 7, T), compressed so that a hard landing does not drown a step.

    Vertical acceleration, all of it, below 3.5 Hz and above; horizontal acceleration; turning and
    tilting; and vertical acceleration over its own amplitude, which no gain changes.
    """
    vertical, horizontal, turning, tilting = split(imu)
    (slow,) = below(vertical, 3.5)
    own = vertical / (vertical.std(dim=1, keepdim=True) + 0.1)
    return torch.stack(
        [
            torch.asinh(vertical),
            torch.asinh(slow),
            torch.asinh(vertical - slow),
            torch.asinh(_norm(horizontal)),
            torch.asinh(2 * turning),
            torch.asinh(2 * _norm(tilting)),
            own,
        ],
        dim=1,
    )


def measures(imu: Tensor) -> Tensor:
    """(B, T, 6) m/s² and rad/s -> (B, M) measures named in `MEASURES`, all finite."""
    vertical, horizontal, turning, tilting = split(imu)
    across, about = _norm(horizontal), _norm(tilting)
    magnitude = imu[..., :3].norm(dim=-1)
    magnitude = magnitude * (GRAVITY / magnitude.mean(dim=1, keepdim=True).clamp_min(1e-3))
    signals = torch.stack([vertical, magnitude, across, about, turning], dim=1)  # (B, 5, T)
    signals = signals - signals.mean(dim=2, keepdim=True)
    v, h = _log(vertical.std(dim=1)), _log(_rms(across))
    t, o = _log(turning.std(dim=1), 0.005), _log(_rms(about), 0.005)
    acc = (vertical.var(dim=1) + across.pow(2).mean(dim=1)).sqrt()
    gyro = (turning.var(dim=1) + about.pow(2).mean(dim=1)).sqrt()
    timed, power = _timed(signals)
    step_hz = _FREQUENCIES[_STEPPING][power[:, 0, _STEPPING].argmax(dim=1)]
    slow, slower, slowest = below(vertical, 3.5, 4.0, 1.0)
    slow_jerk = slow.diff(dim=1)
    jerk = vertical.diff(dim=1)
    fast = (vertical - slower).std(dim=1)
    band = (slow - slowest).std(dim=1)
    ordered = vertical.sort(dim=1).values
    rows = [
        v, h, h - v, t, o, _log(gyro, 0.01) - _log(acc), t - o,
        *timed.flatten(1).unbind(dim=1),
        step_hz,
        _moment(slow_jerk, 3), _moment(slow, 3),
        torch.log(slow_jerk.std(dim=1) + 1e-3) - _log(slow.std(dim=1)),
        _balance(slow.sort(dim=1).values, 0.02), _balance(ordered, 0.02),
        _balance(jerk.sort(dim=1).values, 0.03),
        _quantile(ordered, 0.03), _quantile(ordered, 0.97),
        _log(fast, 0.05) - _log(band, 0.05), _log(fast, 0.05), _log(band, 0.05),
        _anisotropy(horizontal), _anisotropy(tilting),
    ]  # fmt: skip
    return torch.stack(rows, dim=1).nan_to_num(0.0, 0.0, 0.0)


def _timed(signals: Tensor) -> tuple[Tensor, Tensor]:
    """(B, S, T) -> (B, S, 15) shape, bands and rhythm of every signal, and power (B, S, F)."""
    rows_in = signals.shape[2]
    window = torch.hann_window(rows_in, periodic=False)
    scale = signals.std(dim=2) + 0.02
    jerk = signals.diff(dim=2)
    jerk = jerk / (jerk.std(dim=2, keepdim=True) + 0.02)
    own = signals / scale[..., None]
    power = torch.fft.rfft(signals * window, _BINS, dim=2).abs().square()
    moving = power[..., _MOVING]
    total = moving.sum(dim=2) + 1e-9
    shares = moving / total[..., None]
    bands = torch.log(power @ _OF_BANDS / total[..., None] + 1e-3)
    spectrum = torch.fft.rfft(signals, 2 * rows_in, dim=2)
    likeness = torch.fft.irfft(spectrum.abs().square(), n=2 * rows_in, dim=2)[..., :30]
    unbiased = 1 - torch.arange(30) / rows_in
    likeness = likeness / (likeness[..., :1] + 1e-6) / unbiased
    rows = [
        torch.log(signals.diff(dim=2).std(dim=2) + 0.02) - torch.log(scale),
        jerk.pow(3).mean(dim=2),
        torch.log(jerk.pow(4).mean(dim=2) + 1e-3),
        own.pow(3).mean(dim=2),
        torch.log(own.pow(4).mean(dim=2) + 1e-3),
        *bands.unbind(dim=2),
        (shares * _FREQUENCIES[_MOVING]).sum(dim=2),
        -(shares * torch.log(shares + 1e-9)).sum(dim=2),
        likeness[..., 7:17].amax(dim=2),
        likeness[..., 17:29].amax(dim=2),
        likeness[..., 3:12].amin(dim=2),
    ]
    return torch.stack(rows, dim=2), power


def _norm(vectors: Tensor) -> Tensor:
    # The square root has no slope at 0, where a sensor at rest may be.
    norm: Tensor = (vectors.square().sum(dim=-1) + 1e-8).sqrt()
    return norm


def _rms(signal: Tensor) -> Tensor:
    return signal.square().mean(dim=1).sqrt()


def _log(values: Tensor, floor: float = 0.02) -> Tensor:
    return torch.log(values + floor)


def _moment(signal: Tensor, order: int) -> Tensor:
    centred = signal - signal.mean(dim=1, keepdim=True)
    return (centred / (centred.std(dim=1, keepdim=True) + 0.01)).pow(order).mean(dim=1)


def _balance(ordered: Tensor, share: float) -> Tensor:
    """Log of how far a signal in ascending order (B, T) rises over how far it falls."""
    low, high = _quantile(ordered, share), _quantile(ordered, 1 - share)
    return torch.log(high.clamp_min(0) + 0.05) - torch.log((-low).clamp_min(0) + 0.05)


def _quantile(ordered: Tensor, share: float) -> Tensor:
    """(B, T) in ascending order -> (B,), between two rows where it falls there."""
    place = share * (ordered.shape[1] - 1)
    low = int(place)
    return torch.lerp(ordered[:, low], ordered[:, low + 1], place - low)


def _anisotropy(vectors: Tensor) -> Tensor:
    """(B, T, 3) in one plane -> log of the shorter axis over the longer."""
    covariance = vectors.transpose(1, 2) @ vectors / vectors.shape[1]
    trace = covariance.diagonal(dim1=1, dim2=2).sum(dim=1)
    square = covariance.square().sum(dim=(1, 2))
    # In a plane the two variances are the roots of x² − trace·x + (trace² − square)/2.
    gap = (2 * square - trace.square()).clamp_min(0).sqrt()
    short, long = ((trace - gap) / 2).clamp_min(0).sqrt(), ((trace + gap) / 2).sqrt()
    return torch.log(short + 0.02) - torch.log(long + 0.02)
