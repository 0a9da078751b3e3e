"""Head motion of one activity: gait, posture changes, gestures and natural head turns.

Head axes: x ahead, y left, z up. The sounds are rendered with the same yaw as the gyroscope's.
Rates and amplitudes follow head-worn recordings: walking at 1.65 to 1.95 steps a second with 1 to
3 m/s² of bounce, running at 2.45 to 2.75 with 6 to 12 m/s².
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from numpy.random import Generator

    from models.simulation.life.wearer import SimulatedWearer

RATE = 50
GRAVITY = 9.81

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Manner:
    """How an activity moves the head.

    `posture` is sit, stand, walk or run; `look_down` the usual pitch in degrees; `turns` head turns
    a second; `gesture` names a rhythm of `GESTURES`; `travel` the heading change in degrees.
    """

    posture: str
    look_down: float = 5.0
    turns: float = 0.12
    gesture: str | None = None
    travel: float = 15.0


# gesture: rate from, to (Hz); acceleration (m/s²); pitch swing (degrees); duty
GESTURES: dict[str, tuple[float, float, float, float, float]] = {
    "keys": (4.0, 8.0, 0.10, 0.05, 0.85),
    "pen": (3.0, 6.0, 0.05, 0.10, 0.85),
    "clap": (2.0, 5.0, 0.90, 0.60, 0.95),
    "brush": (3.0, 5.5, 0.50, 0.50, 0.95),
    "scrub": (1.0, 2.5, 0.80, 2.50, 0.80),
    "wash": (1.5, 3.0, 0.45, 1.00, 0.90),
    "chew": (1.1, 1.9, 0.25, 0.50, 0.75),
    "sip": (0.12, 0.25, 0.05, 14.0, 0.90),
    "nod": (0.6, 1.6, 0.15, 2.50, 0.60),
}


@dataclass(frozen=True)
class HeadMotion:
    """50 Hz: imu (n, 6) in sensor axes; yaw and body_yaw (n,) in rad, counter-clockwise."""

    imu: NDArray[np.float32]
    yaw: Array
    body_yaw: Array


def move(
    manner: Manner,
    seconds: int,
    rng: Generator,
    wearer: SimulatedWearer,
    *,
    headings: tuple[float, float] = (0.0, 0.0),
    change: str | None = None,
    steps_hz: float,
    vehicle: bool = False,
) -> HeadMotion:
    """Return the head's motion over one activity, facing `headings` (rad) at its two ends.

    `change` is "standing up" or "sitting down"; `steps_hz` is the cadence of a gait; `vehicle` adds
    the vibration of a ride.
    """
    n = seconds * RATE
    t = np.arange(n) / RATE
    ends = np.clip(np.minimum(t + 0.02, seconds - t) / 0.8, 0, 1)
    taper = 0.5 - 0.5 * np.cos(np.pi * ends)
    body = _turning(t, seconds, rng, headings)
    look = _looking_around(t, rng, manner.turns * wearer.liveliness) * taper
    pitch = np.deg2rad(manner.look_down + rng.normal(0, 4)) + np.deg2rad(3) * _drift(t, rng, 0.3)
    roll = np.deg2rad(2) * _drift(t, rng, 0.3)
    push = 0.03 * wearer.liveliness * np.stack([_drift(t, rng, 2.0) for _ in range(3)])
    for add in (
        _gait(manner.posture, t, rng, steps_hz),
        _gesture(manner.gesture, t, rng),
        _posture_change(change, t, seconds, rng),
        _ride(t, rng) if vehicle else None,
    ):
        if add is not None:
            shake, nod, sway = add
            push = push + shake
            pitch, roll = pitch + nod, roll + sway
    imu = _sensor_rows(push * taper, body + look, look, pitch * taper, roll * taper, rng, wearer)
    return HeadMotion(imu, body + look, body)


def _drift(t: Array, rng: Generator, rate_hz: float) -> Array:
    points = max(4, int(t[-1] * rate_hz) + 3)
    values = rng.standard_normal(points)
    # Cubic weights keep the curve's slope continuous, so that the gyroscope has no steps.
    at = t / t[-1] * (points - 1.001)
    i = at.astype(np.intp)
    u = at - i
    u = u * u * (3 - 2 * u)
    return np.asarray(values[i] * (1 - u) + values[i + 1] * u, np.float64)


def _ramp(t: Array, start: float, length: float) -> Array:
    u = np.clip((t - start) / length, 0, 1)
    return np.asarray(u * u * u * (10 - 15 * u + 6 * u * u), np.float64)


def _turning(t: Array, seconds: int, rng: Generator, headings: tuple[float, float]) -> Array:
    first, last = headings
    length = min(seconds * 0.6, float(rng.uniform(1.0, 4.0)))
    start = float(rng.uniform(0, seconds - length))
    return first + (last - first) * _ramp(t, start, length)


def _looking_around(t: Array, rng: Generator, turns_hz: float) -> Array:
    yaw = np.deg2rad(rng.uniform(2, 9)) * _drift(t, rng, 0.35)
    count = int(rng.poisson(turns_hz * t[-1]))
    current = 0.0
    for start in np.sort(rng.uniform(0, t[-1], count)):
        back = rng.random() < 0.4
        target = 0.0 if back else float(np.deg2rad(rng.uniform(12, 60) * rng.choice([-1, 1])))
        yaw = yaw + (target - current) * _ramp(t, float(start), float(rng.uniform(0.25, 0.7)))
        current = target
    return np.asarray(np.clip(yaw, -1.4, 1.4), np.float64)


Effect = tuple[Array, Array, Array]


def _gait(posture: str, t: Array, rng: Generator, steps_hz: float) -> Effect | None:
    if posture not in ("walk", "run"):
        return None
    running = posture == "run"
    phase = 2 * np.pi * (steps_hz * t + 0.03 * np.cumsum(_drift(t, rng, 1.0)) / RATE) + rng.uniform(
        0, 6
    )
    bounce = rng.uniform(6, 12) if running else rng.uniform(1.0, 3.0)
    second, third = rng.uniform(0.15, 0.45), rng.uniform(0.05, 0.2)
    up = bounce * (np.sin(phase) + second * np.sin(2 * phase + 1) + third * np.sin(3 * phase + 2))
    ahead = bounce * rng.uniform(0.2, 0.5) * np.sin(phase + rng.uniform(0, 6))
    left = bounce * rng.uniform(0.15, 0.4) * np.sin(phase / 2 + rng.uniform(0, 6))
    fade = 1 + 0.12 * _drift(t, rng, 0.7)
    swing = np.deg2rad(rng.uniform(0.8, 2.2) * (1.6 if running else 1.0))
    nod = swing * np.sin(phase + rng.uniform(0, 6))
    sway = 0.6 * swing * np.sin(phase / 2 + rng.uniform(0, 6))
    return np.stack([ahead, left, up]) * fade, nod, sway


def _gesture(name: str | None, t: Array, rng: Generator) -> Effect | None:
    if name is None:
        return None
    low, high, strength, swing, duty = GESTURES[name]
    rate = rng.uniform(low, high) * (1 + 0.1 * _drift(t, rng, 0.8))
    phase = 2 * np.pi * np.cumsum(rate) / RATE + rng.uniform(0, 6)
    level = _drift(t, rng, 0.5)
    on = np.clip((level - np.quantile(level, 1 - duty)) * 5 + 0.5, 0, 1)
    axis = rng.standard_normal(3)
    axis /= np.linalg.norm(axis)
    beat = np.sin(phase) + 0.4 * np.sin(2 * phase + 1)
    grain = rng.standard_normal((3, t.size)) * 0.4
    shake = strength * rng.uniform(0.6, 1.6) * on * (axis[:, None] * beat + grain)
    nod = np.deg2rad(swing) * rng.uniform(0.6, 1.4) * on
    if name == "sip":
        return shake, -nod * np.clip(np.sin(phase), 0, None) ** 2, np.zeros_like(t)
    return shake, nod * np.sin(phase), 0.5 * nod * np.sin(phase / 2)


def _posture_change(change: str | None, t: Array, seconds: int, rng: Generator) -> Effect | None:
    if change is None:
        return None
    length = float(rng.uniform(1.3, 2.2))
    start = float(rng.uniform(0.3, max(0.4, seconds - length - 0.3)))
    u = np.clip((t - start) / length, 0, 1)
    rise = rng.uniform(1.3, 3.0)
    # Height follows a fifth-order ramp; its second derivative is the acceleration and the braking.
    vertical = rise * np.sin(2 * np.pi * u) * ((u > 0) & (u < 1))
    lean = np.deg2rad(rng.uniform(15, 40)) * np.sin(np.pi * u) ** 2
    ahead = rng.uniform(0.5, 1.5) * np.sin(2 * np.pi * u + 0.5) * ((u > 0) & (u < 1))
    if change == "sitting down":
        vertical, ahead = -vertical, -ahead
        bump = np.exp(-np.clip(t - start - length, 0, None) / 0.06) * (t >= start + length)
        vertical = vertical + rng.uniform(0.8, 3.5) * bump * np.cos(40 * (t - start - length))
    shake = np.stack([ahead, 0.2 * rng.standard_normal() * vertical, vertical])
    return shake, lean, 0.1 * lean


def _ride(t: Array, rng: Generator) -> Effect:
    road = np.stack([_drift(t, rng, 12.0) * g for g in (0.12, 0.15, 0.35)]) * rng.uniform(0.6, 1.8)
    pull = np.stack([_drift(t, rng, 0.15) * 0.8, _drift(t, rng, 0.15) * 0.8, np.zeros_like(t)])
    return road + pull, np.deg2rad(0.6) * _drift(t, rng, 1.0), np.deg2rad(0.8) * _drift(t, rng, 1.0)


def _sensor_rows(
    push: Array,
    yaw: Array,
    look: Array,
    pitch: Array,
    roll: Array,
    rng: Generator,
    wearer: SimulatedWearer,
) -> NDArray[np.float32]:
    sp, cp, sr, cr = np.sin(pitch), np.cos(pitch), np.sin(roll), np.cos(roll)
    up = np.stack([-sp, cp * sr, cp * cr])
    cl, sl = np.cos(look), np.sin(look)
    ahead = push[0] * cl + push[1] * sl
    left = -push[0] * sl + push[1] * cl
    level = np.stack([ahead * cp, left * cr, ahead * sp])
    acc = up * (GRAVITY + push[2]) + level
    d_yaw, d_pitch, d_roll = (np.gradient(x, 1 / RATE) for x in (yaw, pitch, roll))
    gyro = np.stack(
        [d_roll - d_yaw * sp, d_pitch * cr + d_yaw * cp * sr, d_yaw * cp * cr - d_pitch * sr]
    )
    noise = rng.standard_normal((6, yaw.size))
    acc = wearer.mounting @ acc * wearer.acc_scale + wearer.acc_bias[:, None]
    gyro = wearer.mounting @ gyro + wearer.gyro_bias[:, None]
    sensed = np.concatenate(
        [acc + wearer.acc_noise * noise[:3], gyro + wearer.gyro_noise * noise[3:]]
    )
    return np.ascontiguousarray(sensed.T, np.float32)
