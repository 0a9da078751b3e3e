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

from models.lanhar.resample import RATE
from models.research.lanhar.interpretation.amplitudes import (
    TINY,
    Floats,
    half_second_measures,
    log_ratio,
    rms,
    skew,
)
from models.research.lanhar.interpretation.gravity_direction import (
    gyroscope_bias,
    posture_changes,
    split_along,
    track_up,
    upright_angles,
)
from models.research.lanhar.interpretation.spectra import (
    FREQUENCIES,
    energy_near,
    energy_share,
    power_spectrum,
    strongest_frequency,
)
from models.research.lanhar.interpretation.steps import find_steps, repetition_of, travel_cm
from models.research.lanhar.interpretation.windows import SAMPLES, WindowsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

RHYTHM_HZ = (0.4, 8.0)
SHARP_HZ = 4.0
SLOW_HZ = 0.8


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


def analyse_all(
    data: NDArray[np.float32],
    uprights: NDArray[np.float32] | None = None,
    at_once: int = 2_048,
) -> list[Analysis]:
    """Analyse (N, 120, 6) windows, acc m/s² and gyro rad/s at 20 Hz.

    `uprights` (N, 3) are the directions of gravity in the sensor's axes when the wearer stands or
    walks, NaN where unknown. Raises `WindowsError` for another shape or values that are not finite.
    """
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
    gyro = gyro - gyroscope_bias(gyro)
    up = track_up(acc, gyro)
    vertical, across = split_along(acc, up)
    vertical = vertical - vertical.mean(axis=1, keepdims=True)
    turning, tilting = split_along(gyro, up)
    steps = find_steps(vertical)
    measures: dict[str, Floats] = {
        **_amplitudes(vertical, across, turning, tilting),
        **steps,
        **_frequencies(vertical, across, turning, tilting, steps["step_hz"]),
        **half_second_measures(acc, gyro),
        **posture_changes(up),
        "repetition": repetition_of(acc),
        "jerk": rms(np.diff(acc, axis=1) * RATE),
        "jerk_skew": skew(np.diff(vertical, axis=1) * RATE),
        "vertical_skew": skew(vertical),
        "vertical_travel": travel_cm(vertical.std(axis=1), steps["step_hz"]),
    }
    upright = upright_angles(up.mean(axis=1), uprights)
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


def _amplitudes(
    vertical: Floats, across: Floats, turning: Floats, tilting: Floats
) -> dict[str, Floats]:
    up_down, sideways = vertical.std(axis=1), rms(across)
    turn, tilt = turning.std(axis=1), rms(tilting)
    return {
        "vertical": up_down,
        "horizontal": sideways,
        "turning": turn,
        "tilting": tilt,
        "vertical_peak": np.percentile(vertical, 98, axis=1),
        "vertical_trough": -np.percentile(vertical, 2, axis=1),
        "vertical_balance": log_ratio(up_down, sideways),
        "turning_balance": log_ratio(turn, tilt),
        "rotation_balance": log_ratio(np.hypot(turn, tilt), np.hypot(up_down, sideways)),
        "single_axis": _single_axis(tilting),
    }


def _frequencies(
    vertical: Floats, across: Floats, turning: Floats, tilting: Floats, step_hz: Floats
) -> dict[str, Floats]:
    spectrum_v = power_spectrum(vertical)
    spectrum_h, spectrum_t = power_spectrum(across).sum(axis=2), power_spectrum(tilting).sum(axis=2)
    spectrum_a = spectrum_v + spectrum_h
    spectrum_r = spectrum_t + power_spectrum(turning)
    rhythm_hz = strongest_frequency(spectrum_a, RHYTHM_HZ)
    at_step, at_stride = (energy_near(spectrum_a, hz) for hz in (step_hz, step_hz / 2))
    swing = energy_near(spectrum_t, step_hz / 2)
    harmonic = energy_near(spectrum_v, 2 * step_hz)
    return {
        "rhythm_hz": rhythm_hz,
        "rotation_hz": strongest_frequency(spectrum_r, RHYTHM_HZ),
        "centroid_hz": energy_share(spectrum_v * FREQUENCIES, spectrum_v),
        "sharpness": energy_share(spectrum_v[:, FREQUENCIES > SHARP_HZ], spectrum_v),
        "slow_share": energy_share(spectrum_a[:, FREQUENCIES < SLOW_HZ], spectrum_a),
        "stride_share": at_stride / (at_step + TINY),
        "swing_share": swing / (spectrum_t.sum(axis=1) + TINY),
        "harmonic": harmonic / (energy_near(spectrum_v, step_hz) + TINY),
        "rhythm": energy_near(spectrum_a, rhythm_hz, 0.25) / (spectrum_a.sum(axis=1) + TINY),
    }


def _single_axis(tilting: Floats) -> Floats:
    values = np.linalg.eigvalsh(np.einsum("nti,ntj->nij", tilting, tilting))
    share: Floats = values[:, 2] / np.maximum(values.sum(axis=1), TINY)
    return np.clip(share, 0.5, 1.0)
