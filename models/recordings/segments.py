"""Cutting segments out of recordings for the networks: 16 kHz mono sound and 50 Hz motion."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING

import numpy as np
from scipy import signal

from schemas.frames import NS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.features import Features
    from models.recordings.protocol import Recording

AUDIO_RATE = 16_000
IMU_RATE = 50
# A second with less coverage than this counts as missing.
_MIN_COVERAGE = 0.5


@dataclass(frozen=True)
class Segment:
    """L seconds: `wave` (16000·L,) in [-1, 1], `imu` (50·L, 6) in m/s² and rad/s.

    `has_audio` and `has_imu` (L,) are True for recorded seconds; the others hold zeros.
    """

    wave: NDArray[np.float32]
    has_audio: NDArray[np.bool_]
    imu: NDArray[np.float32]
    has_imu: NDArray[np.bool_]


def cut(recording: Recording, start_s: float, seconds: int, features: Features) -> Segment:
    """Return `seconds` from `start_s` on; anything outside the recording is silence."""
    begin_ns = recording.start_ns + round(start_s * NS)
    wave, has_audio = _audio(recording, start_s, begin_ns, seconds)
    imu, has_imu = _imu(recording, start_s, begin_ns, seconds, features)
    return Segment(wave, has_audio, imu, has_imu)


def _audio(
    recording: Recording, start_s: float, begin_ns: int, seconds: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    rate = recording.sample_rate
    out = np.zeros(seconds * AUDIO_RATE, np.float32)
    if rate is None:
        return out, np.zeros(seconds, bool)
    wave = np.zeros(seconds * rate, np.float32)
    mask = np.zeros(seconds * rate, bool)
    for chunk in recording.audio(float(seconds), start_s):
        first = round((chunk.t_ns - begin_ns) * rate / NS)
        if first >= len(wave):
            break
        mono = chunk.samples[: len(wave) - first].astype(np.float32).mean(axis=1) / 32_768
        wave[first : first + len(mono)] = mono
        mask[first : first + len(mono)] = True
    if rate != AUDIO_RATE:
        shared = gcd(rate, AUDIO_RATE)
        wave = signal.resample_poly(wave, AUDIO_RATE // shared, rate // shared)
    out[: len(wave)] = wave[: len(out)]
    return out, mask.reshape(seconds, rate).mean(axis=1) >= _MIN_COVERAGE


def _imu(
    recording: Recording, start_s: float, begin_ns: int, seconds: int, features: Features
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    rate = recording.imu_rate
    out = np.zeros((seconds * IMU_RATE, 6), np.float32)
    has_imu = np.zeros(seconds, bool)
    if rate is None:
        return out, has_imu
    count = round(seconds * rate)
    values, mask = np.zeros((count, 6), np.float32), np.zeros(count, bool)
    for chunk in recording.imu(float(seconds), start_s):
        first = round((chunk.t_ns - begin_ns) * rate / NS)
        if first >= count:
            break
        rows = np.concatenate([chunk.acc, chunk.gyro], axis=1)[: count - first]
        values[first : first + len(rows)] = rows
        mask[first : first + len(rows)] = True
    # Second by second, as in the pipeline.
    for second in range(seconds):
        part = slice(round(second * rate), round((second + 1) * rate))
        if mask[part].mean() < _MIN_COVERAGE:
            continue
        first_s = part.start / rate - second
        rows = features.imu(values[part], rate, mask[part], first_s=first_s, seconds=1)["imu"]
        out[second * IMU_RATE : (second + 1) * IMU_RATE] = rows
        has_imu[second] = True
    return out, has_imu
