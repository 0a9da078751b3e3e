"""Measures of a window of motion, independent of the sensor's orientation (LanHAR §3.3.1, ii).

The direction of gravity is tracked through the window with the gyroscope: a phone in a pocket
swings with the thigh, and gravity would leak into the horizontal motion. "Vertical" is along it,
"horizontal" perpendicular to it; rotation is split into turning about it and tilting against it.
Nothing depends on the orientation of the sensor's axes, except `statistics`, which are shown to an
endpoint as in the paper.

The measures that transfer between body positions follow from mechanics, not from one data set:
stairs lift the body at every step, so vertical motion is larger relative to horizontal, has a
larger travel and less energy above 4 Hz than on level ground; a step down ends in an impact (jolts
rise faster than they fall), a step up begins with a push. Their choice was checked on HAPT and
ClassyGlass.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.signal.windows import hann

from models.lanhar.resample import RATE
from models.research.lanhar.interpretation.windows import SAMPLES, WindowsError

if TYPE_CHECKING:
    from collections.abc import Sequence

GRAVITY = 9.81
STEP_HZ = (1.15, 3.5)
"""Range of human step rates per second, from slow climbing to a sprint."""
RHYTHM_HZ = (0.4, 8.0)
SHARP_HZ = 4.0
SLOW_HZ = 0.8
STILL_ACC = 0.15  # m/s², standard deviation over half a second; sensors' noise is a third of it
STILL_GYRO = 0.10  # rad/s
HIGHEST_BIAS = 0.06  # rad/s, of a phone's gyroscope
TRACKING_HZ = 1.0
"""Rate at which the tracked direction follows the accelerometer, 1/s: slower than steps, faster
than the drift of a phone's gyroscope. 0.3 to 3 differ little on the real data sets."""
HIGHEST_STEP_CM = 15.0
"""Maximum vertical travel of a trunk in a step; more means that two steps were taken for one."""

_BINS = 1_024
_FREQUENCIES = np.fft.rfftfreq(_BINS, 1 / RATE)
_HALF_SECOND = RATE // 2
_STEP_LAGS = (round(RATE / STEP_HZ[1]), round(RATE / STEP_HZ[0]))  # 6 to 17 rows
_MAX_LAG = 2 * _STEP_LAGS[1] + 2
_TINY = 1e-6

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Analysis:
    """One window. Amplitudes are standard deviations: m/s² (acceleration), rad/s (rotation).

    Shares and regularities are in 0 to 1 unless noted; angles are degrees. Measures of steps are
    meaningful only if `vertical` and `step_regularity` indicate steps.
    """

    # Amplitude
    vertical: float
    horizontal: float
    vertical_peak: float  # 98th percentile above gravity, m/s²
    vertical_trough: float  # 2nd percentile below gravity, m/s²
    vertical_balance: float  # ln(vertical / horizontal): 0 is equal
    jerk: float  # RMS change of acceleration, m/s³
    turning: float  # rotation about the direction of gravity
    tilting: float  # rotation against it
    turning_balance: float  # ln(turning / tilting)
    rotation_balance: float  # ln(rotation rad/s / acceleration m/s²): swinging or shaking
    single_axis: float  # share of tilting rotation that is about one axis, 0.5 to 1
    # Frequency
    step_hz: float
    rhythm_hz: float  # strongest frequency of all acceleration, 0.4 to 8 Hz
    rotation_hz: float  # strongest frequency of all rotation
    centroid_hz: float  # mean frequency of vertical acceleration
    sharpness: float  # share of vertical energy above 4 Hz
    slow_share: float  # share of all acceleration below 0.8 Hz
    stride_share: float  # energy at half the step rate over that at the step rate, all axes
    swing_share: float  # share of the tilting rotation that is at half the step rate
    harmonic: float  # vertical energy at twice the step rate over that at the step rate
    vertical_travel: float  # cm up and down in a step, from amplitude and rate
    # Periodicity
    step_regularity: float  # autocorrelation of vertical acceleration one step later, -1 to 1
    stride_regularity: float  # and two steps later
    repetition: float  # highest autocorrelation of all acceleration, 0.3 to 1.75 s later
    rhythm: float  # share of all acceleration within 0.25 Hz of `rhythm_hz`
    # Shape within a step
    jerk_skew: float  # above 0 jolts rise faster than they fall
    vertical_skew: float  # above 0 peaks upwards are higher than downwards
    # Course of the window
    still_share: float  # share of half seconds without motion
    bursts: float  # stretches of motion between stillness
    burstiness: float  # strongest half second over the mean one, in standard deviations
    trend: float  # ln(amplitude of the last third / first third)
    # Posture
    tilt_change: float  # angle of gravity, last 1.5 s against the first 1.5 s
    tilt_range: float  # greatest angle of gravity away from its mean
    upright_angle: float | None  # against the wearer's own upright posture, where that is known
    # Statistics, (6, 4): mean, standard deviation, minimum, maximum of each of the sensor's axes
    statistics: Floats

    def vector(self) -> NDArray[np.float32]:
        """Return the numbers named in `NAMES`, (K,) float32."""
        return np.array([getattr(self, name) for name in NAMES], np.float32)


NAMES: tuple[str, ...] = tuple(
    field.name for field in fields(Analysis) if field.name not in ("upright_angle", "statistics")
)
"""The measures that depend on the window alone and not on the sensor's axes."""


def analyse(window: NDArray[np.float32], upright: NDArray[np.float32] | None = None) -> Analysis:
    """Analyse one window (120, 6), acc m/s² and gyro rad/s at 20 Hz.

    `upright` (3,) is the direction of gravity in the sensor's axes when the wearer stands or walks.
    Raises `WindowsError` for another shape or values that are not finite.
    """
    if np.shape(window) != (SAMPLES, 6):
        raise WindowsError(f"window has shape {np.shape(window)}; expected ({SAMPLES}, 6)")
    return analyse_all(window[None], None if upright is None else upright[None])[0]


def analyse_all(
    data: NDArray[np.float32],
    uprights: NDArray[np.float32] | None = None,
    at_once: int = 2_048,
) -> list[Analysis]:
    """Analyse (N, 120, 6) windows; `uprights` (N, 3) as in `analyse`, NaN where unknown."""
    if data.ndim != 3 or data.shape[1:] != (SAMPLES, 6):
        raise WindowsError(f"windows have shape {data.shape}; expected (N, {SAMPLES}, 6)")
    if not np.isfinite(data).all():
        raise WindowsError("windows hold values that are not finite; expected m/s² and rad/s")
    if uprights is not None and uprights.shape != (len(data), 3):
        raise WindowsError(f"uprights have shape {uprights.shape}; expected ({len(data)}, 3)")
    analyses: list[Analysis] = []
    for first in range(0, len(data), at_once):
        part = slice(first, first + at_once)
        analyses += _block(
            data[part].astype(np.float64), None if uprights is None else uprights[part]
        )
    return analyses


def vectors(data: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the measures of (N, 120, 6) windows as (N, K), in the order of `NAMES`."""
    rows = [analysis.vector() for analysis in analyse_all(data)]
    return np.stack(rows) if rows else np.empty((0, len(NAMES)), np.float32)


def _block(data: Floats, uprights: NDArray[np.float32] | None) -> list[Analysis]:
    acc, gyro = data[..., :3], data[..., 3:]
    gyro = gyro - _bias(gyro)
    up = _up(acc, gyro)
    vertical, across = _split(acc, up)
    vertical = vertical - vertical.mean(axis=1, keepdims=True)
    turning, tilting = _split(gyro, up)
    steps = _steps(vertical)
    spectrum_v = _spectrum(vertical)
    spectrum_h, spectrum_t = _spectrum(across).sum(axis=2), _spectrum(tilting).sum(axis=2)
    spectrum_a = spectrum_v + spectrum_h
    spectrum_r = spectrum_t + _spectrum(turning)
    blocks = _blocks(acc, gyro)
    jolt = np.diff(vertical, axis=1) * RATE
    amplitude = {
        "vertical": vertical.std(axis=1),
        "horizontal": _rms(across),
        "turning": turning.std(axis=1),
        "tilting": _rms(tilting),
    }
    step_hz = steps["step_hz"]
    rhythm_hz = _strongest(spectrum_a, RHYTHM_HZ)
    at_step = _near(spectrum_v, step_hz)
    measures: dict[str, Floats] = {
        **amplitude,
        **steps,
        "repetition": _repetition(acc),
        **blocks,
        **_posture(up),
        "vertical_peak": np.percentile(vertical, 98, axis=1),
        "vertical_trough": -np.percentile(vertical, 2, axis=1),
        "vertical_balance": _log_ratio(amplitude["vertical"], amplitude["horizontal"]),
        "jerk": _rms(np.diff(acc, axis=1) * RATE),
        "turning_balance": _log_ratio(amplitude["turning"], amplitude["tilting"]),
        "rotation_balance": _log_ratio(
            np.hypot(amplitude["turning"], amplitude["tilting"]),
            np.hypot(amplitude["vertical"], amplitude["horizontal"]),
        ),
        "single_axis": _single_axis(tilting),
        "rhythm_hz": rhythm_hz,
        "rotation_hz": _strongest(spectrum_r, RHYTHM_HZ),
        "centroid_hz": _share(spectrum_v * _FREQUENCIES, spectrum_v),
        "sharpness": _share(spectrum_v[:, _FREQUENCIES > SHARP_HZ], spectrum_v),
        "slow_share": _share(spectrum_a[:, _FREQUENCIES < SLOW_HZ], spectrum_a),
        "stride_share": _near(spectrum_a, step_hz / 2) / (_near(spectrum_a, step_hz) + _TINY),
        "swing_share": _near(spectrum_t, step_hz / 2) / (spectrum_t.sum(axis=1) + _TINY),
        "harmonic": _near(spectrum_v, 2 * step_hz) / (at_step + _TINY),
        "vertical_travel": _travel(amplitude["vertical"], step_hz),
        "rhythm": _near(spectrum_a, rhythm_hz, 0.25) / (spectrum_a.sum(axis=1) + _TINY),
        "jerk_skew": _skew(jolt),
        "vertical_skew": _skew(vertical),
    }
    upright = _upright_angle(up.mean(axis=1), uprights)
    statistics = np.stack(
        [data.mean(axis=1), data.std(axis=1), data.min(axis=1), data.max(axis=1)], axis=2
    )
    return [
        Analysis(
            **{name: float(values[i]) for name, values in measures.items()},
            upright_angle=upright[i],
            statistics=statistics[i],
        )
        for i in range(len(data))
    ]


def _bias(gyro: Floats) -> Floats:
    """Return the gyroscope's bias, (N, 1, 3): the mean of its blocks at rest.

    Without any it is the window's mean, limited to a plausible bias; the rest is a turn.
    """
    blocks = gyro.reshape(len(gyro), -1, _HALF_SECOND, 3)
    mean = blocks.mean(axis=2)
    # A slow, constant turn has as little variation as rest, but is faster than a bias.
    still = (blocks.std(axis=2) < 0.3 * STILL_GYRO) & (np.abs(mean) < 2 * HIGHEST_BIAS)
    still = still.all(axis=2)[..., None]  # (N, 12, 1)
    at_rest = (mean * still).sum(axis=1) / np.maximum(still.sum(axis=1), 1)
    bias: Floats = np.where(still.any(axis=1), at_rest, mean.mean(axis=1))
    return bias.clip(-HIGHEST_BIAS, HIGHEST_BIAS)[:, None]


def _up(acc: Floats, gyro: Floats) -> Floats:
    """Track the measured direction of gravity, (N, T, 3), with a complementary filter.

    It runs backwards and forwards through the window, so that it has settled at both ends, and the
    two passes are averaged.
    """
    scaled = acc / np.maximum(np.linalg.norm(acc.mean(axis=1), axis=1)[:, None, None], _TINY)
    now = _unit(acc.mean(axis=1))
    passes = np.empty((2, *acc.shape))
    for number, (order, sense) in enumerate(((range(SAMPLES)[::-1], 1.0), (range(SAMPLES), -1.0))):
        for row in order:
            passes[number, :, row] = now
            turned = sense * np.cross(gyro[:, row], now)
            now = _unit(now + (turned + TRACKING_HZ * (scaled[:, row] - now)) / RATE)
    return _unit(passes.sum(axis=0))


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Floats = vectors / np.maximum(lengths, _TINY)
    return unit


def _split(vectors: Floats, up: Floats) -> tuple[Floats, Floats]:
    """Return the component along `up`, (N, T), and the perpendicular one, (N, T, 3)."""
    along = np.einsum("nti,nti->nt", vectors, up)
    return along, vectors - along[..., None] * up


def _steps(vertical: Floats) -> dict[str, Floats]:
    """Find the step rate as the first strong peak of the autocorrelation, and its regularity."""
    spectra = np.abs(np.fft.rfft(vertical, 2 * 128, axis=1)) ** 2
    correlation = np.fft.irfft(spectra, axis=1)[:, : _MAX_LAG + 1]
    unbiased = 1 - np.arange(_MAX_LAG + 1) / SAMPLES
    correlation = correlation / np.maximum(correlation[:, :1], _TINY) / unbiased
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
    twice = (_travel(vertical.std(axis=1), RATE / lag) > HIGHEST_STEP_CM) & (half >= low)
    lag = np.where(twice, half, lag)
    before, at, after = (correlation[rows, lag + shift] for shift in (-1, 0, 1))
    bend = before - 2 * at + after
    shift = np.where(np.abs(bend) > _TINY, 0.5 * (before - after) / np.minimum(bend, -_TINY), 0.0)
    step_s = (lag + np.clip(shift, -0.5, 0.5)) / RATE
    stride = np.minimum(np.round(2 * step_s * RATE).astype(int), _MAX_LAG - 1)
    two = np.stack([correlation[rows, stride + shift] for shift in (-1, 0, 1)]).max(axis=0)
    return {
        "step_hz": 1 / step_s,
        "step_regularity": np.clip(at, -1, 1),
        "stride_regularity": np.clip(two, -1, 1),
    }


def _repetition(acc: Floats) -> Floats:
    """Return the autocorrelation of acceleration after a step or a stride, in sensor axes.

    A thigh or an arm swings once in two steps, which vertical acceleration alone may not show.
    """
    centred = acc - acc.mean(axis=1, keepdims=True)
    spectra = np.abs(np.fft.rfft(centred, 2 * 128, axis=1)) ** 2
    correlation = np.fft.irfft(spectra.sum(axis=2), axis=1)[:, : _MAX_LAG + 1]
    unbiased = 1 - np.arange(_MAX_LAG + 1) / SAMPLES
    correlation = correlation / np.maximum(correlation[:, :1], _TINY) / unbiased
    inner = correlation[:, _STEP_LAGS[0] : _MAX_LAG]
    peak = (inner >= correlation[:, _STEP_LAGS[0] - 1 : _MAX_LAG - 1]) & (
        inner >= correlation[:, _STEP_LAGS[0] + 1 :]
    )
    highest: Floats = np.where(peak, inner, 0.0).max(axis=1)
    return np.clip(highest, 0, 1)


def _travel(amplitude: Floats, hz: Floats) -> Floats:
    """Return the peak-to-peak travel in cm of an oscillation at one frequency: 2·√2·std/ω²."""
    travel: Floats = 200 * np.sqrt(2) * amplitude / (2 * np.pi * hz) ** 2
    return travel


def _spectrum(signal: Floats) -> Floats:
    """Return the power of (N, T, ...) at `_FREQUENCIES`, (N, F, ...)."""
    window = hann(signal.shape[1], sym=False)
    window = window.reshape(1, -1, *[1] * (signal.ndim - 2))
    centred = signal - signal.mean(axis=1, keepdims=True)
    power: Floats = np.abs(np.fft.rfft(centred * window, _BINS, axis=1)) ** 2
    return power


def _near(spectrum: Floats, centre: Floats, width: float = 0.2) -> Floats:
    inside = np.abs(_FREQUENCIES[None] - centre[:, None]) < width
    energy: Floats = (spectrum * inside).sum(axis=1)
    return energy


def _strongest(spectrum: Floats, band: tuple[float, float]) -> Floats:
    low, high = np.searchsorted(_FREQUENCIES, band)
    analyses: Floats = _FREQUENCIES[low + np.argmax(spectrum[:, low:high], axis=1)]
    return analyses


def _share(part: Floats, whole: Floats) -> Floats:
    share: Floats = part.sum(axis=1) / (whole.sum(axis=1) + _TINY)
    return share


def _single_axis(tilting: Floats) -> Floats:
    values = np.linalg.eigvalsh(np.einsum("nti,ntj->nij", tilting, tilting))
    share: Floats = values[:, 2] / np.maximum(values.sum(axis=1), _TINY)
    return np.clip(share, 0.5, 1.0)


def _blocks(acc: Floats, gyro: Floats) -> dict[str, Floats]:
    """Return the amplitude in each half second of the window."""
    count = SAMPLES // _HALF_SECOND
    shape = (len(acc), count, _HALF_SECOND, 3)
    shaking = np.sqrt(acc.reshape(shape).var(axis=2).sum(axis=2))  # (N, 12)
    rotating = np.sqrt(gyro.reshape(shape).var(axis=2).sum(axis=2))
    moving = (shaking > STILL_ACC) | (rotating > STILL_GYRO)
    begins = moving & ~np.concatenate([np.zeros_like(moving[:, :1]), moving[:, :-1]], axis=1)
    third = count // 3
    return {
        "still_share": 1 - moving.mean(axis=1),
        "bursts": begins.sum(axis=1).astype(np.float64),
        "burstiness": (shaking.max(axis=1) - shaking.mean(axis=1))
        / (shaking.std(axis=1) + 0.1 * shaking.mean(axis=1) + _TINY),
        "trend": _log_ratio(_rms(shaking[:, -third:]), _rms(shaking[:, :third])),
    }


def _posture(up: Floats) -> dict[str, Floats]:
    edge = 3 * _HALF_SECOND
    seconds = up.reshape(len(up), SAMPLES // RATE, RATE, 3).mean(axis=2)  # (N, 6, 3)
    return {
        "tilt_change": _angle(up[:, :edge].mean(axis=1), up[:, -edge:].mean(axis=1)),
        "tilt_range": _angle(seconds, up.mean(axis=1)[:, None]).max(axis=1),
    }


def _upright_angle(up: Floats, uprights: NDArray[np.float32] | None) -> Sequence[float | None]:
    if uprights is None:
        return [None] * len(up)
    angles = _angle(up, uprights.astype(np.float64))
    return [float(angle) if np.isfinite(angle) else None for angle in angles]


def _angle(one: Floats, other: Floats) -> Floats:
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    cosine = (one * other).sum(axis=-1) / np.maximum(lengths, _TINY)
    angle: Floats = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return angle


def _rms(values: Floats) -> Floats:
    """Return the root mean square over time of (N, T) or (N, T, 3)."""
    square = values**2 if values.ndim == 2 else (values**2).sum(axis=2)
    return np.asarray(np.sqrt(square.mean(axis=1)), np.float64)


def _log_ratio(one: Floats, other: Floats) -> Floats:
    # Below the sensor's noise a ratio is meaningless; the floor draws it towards 0.
    ratio: Floats = np.log((one + 1e-3) / (other + 1e-3))
    return ratio


def _skew(values: Floats) -> Floats:
    centred = values - values.mean(axis=1, keepdims=True)
    scale = np.maximum(centred.std(axis=1), _TINY)
    skew: Floats = (centred**3).mean(axis=1) / scale**3
    return skew
