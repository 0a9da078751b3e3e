"""Motors: household machines, power tools, vehicles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.simulation.acoustics.sounds.dsp import (
    FS,
    Wave,
    band_noise,
    beats,
    burst,
    filter_by,
    peaks_curve,
    strike,
    tone,
    unit,
    wander,
)

if TYPE_CHECKING:
    from numpy.random import Generator


def _falling(draw: Generator, count: int, slope: float) -> list[float]:
    return [float(draw.uniform(0.3, 1.0) / k**slope) for k in range(1, count + 1)]


def vacuum_cleaner(draw: Generator, noise: Generator, n: int) -> Wave:
    """A whining motor in broadband suction noise; the nozzle's strokes shape both."""
    stroke = 1 + draw.uniform(0.05, 0.25) * wander(noise, n, 1.2)
    motor = unit(tone(draw.uniform(180, 420) * stroke**0.15, n, _falling(draw, 16, 0.8)))
    air = band_noise(noise, n, draw.uniform(150, 500), draw.uniform(3000, 7000), 1.0)
    return np.asarray((air + draw.uniform(0.3, 1.0) * motor) * stroke, np.float32)


def washing_machine(draw: Generator, noise: Generator, n: int) -> Wave:
    """A drum that turns back and forth, sloshing water and a humming motor."""
    t = np.arange(n) / FS
    spin = draw.uniform(0.8, 1.6)
    slosh = band_noise(noise, n, 200, draw.uniform(900, 2200)) * (
        0.4 + 0.6 * np.abs(np.sin(np.pi * spin * t))
    )
    hum = unit(tone(draw.uniform(48, 52) * draw.integers(1, 4), n, _falling(draw, 10, 0.9)))
    at = beats(noise, n, spin, 0.05)
    thump = strike(noise, n, at, np.ones(at.size), [burst(noise, 0.2, 40, 300, 0.01)])
    return np.asarray(slosh + draw.uniform(0.5, 1.2) * hum + 2 * thump, np.float32)


def power_tools(draw: Generator, noise: Generator, n: int) -> Wave:
    """A drill or grinder: harmonics under load, bursts a few seconds long."""
    load = np.clip(1 + 0.15 * wander(noise, n, 1.5), 0.6, 1.4)
    pitch = draw.uniform(120, 480) * load
    buzz = unit(tone(pitch.astype(np.float32), n, _falling(draw, 30, 0.4)))
    grit = band_noise(noise, n, draw.uniform(1500, 3000), 7800) * (1.2 - 0.5 * load)
    pressed = 0.25 + 0.75 * (wander(noise, n, 0.7) > -0.8)
    return np.asarray((buzz + draw.uniform(0.3, 1.0) * grit) * pressed, np.float32)


def engine(draw: Generator, noise: Generator, n: int) -> Wave:
    """A combustion engine heard in the cabin: firing harmonics, road rumble, slow throttle."""
    speed = 1 + draw.uniform(0.05, 0.2) * wander(noise, n, 0.3)
    firing = unit(
        tone((draw.uniform(28, 75) * speed).astype(np.float32), n, _falling(draw, 24, 0.9))
    )
    road = band_noise(noise, n, 30, draw.uniform(180, 500), 1.0)
    air = band_noise(noise, n, 400, draw.uniform(1200, 3000), 1.0)
    mixed = firing + draw.uniform(0.5, 1.2) * road + draw.uniform(0.05, 0.3) * air
    return np.asarray(mixed * speed, np.float32)


def vehicle(draw: Generator, noise: Generator, n: int) -> Wave:
    """Traffic passing by: tyre noise that rises and falls, a faint engine."""
    t = np.arange(n) / FS
    passing = np.zeros(n)
    for _ in range(max(1, int(n / FS / draw.uniform(2.5, 5)))):
        centre, width = noise.uniform(0, n / FS), draw.uniform(0.8, 2.0)
        passing += noise.uniform(0.5, 1.2) / (1 + ((t - centre) / width) ** 2)
    tyres = band_noise(noise, n, draw.uniform(250, 600), draw.uniform(1500, 3500), 1.2)
    motor = unit(tone(draw.uniform(40, 110), n, _falling(draw, 15, 0.7)))
    rumble = band_noise(noise, n, 40, 200)
    return np.asarray((0.12 + passing) * (tyres + 0.4 * motor + 0.5 * rumble), np.float32)


def train(draw: Generator, noise: Generator, n: int) -> Wave:
    """Wheels over rail joints, in pairs, over rolling noise."""
    joint = burst(noise, 0.12, 80, draw.uniform(900, 2500), 0.003)
    pair = np.zeros(int(0.45 * FS), np.float32)
    pair[: joint.size] += joint
    gap = int(draw.uniform(0.14, 0.25) * FS)
    pair[gap : gap + joint.size] += 0.9 * joint
    at = beats(noise, n, draw.uniform(1.1, 2.0), 0.03)
    clatter = strike(noise, n, at, np.ones(at.size), [pair])
    rolling = band_noise(noise, n, 60, draw.uniform(500, 1500), 1.0)
    squeal = band_noise(noise, n, 3000, 4500) * np.clip(wander(noise, n, 0.8) - 1, 0, None)
    return 2 * clatter + rolling + 0.5 * squeal


def aircraft(draw: Generator, noise: Generator, n: int) -> Wave:
    """A jet or a propeller overhead."""
    sweep = 1 + 0.08 * wander(noise, n, 0.15)
    if draw.random() < 0.5:
        whine = unit(tone((draw.uniform(900, 2500) * sweep).astype(np.float32), n, [1, 0.3]))
        return band_noise(noise, n, 60, draw.uniform(900, 2500), 1.0) + 0.15 * whine
    blades = unit(
        tone((draw.uniform(60, 110) * sweep).astype(np.float32), n, _falling(draw, 20, 0.6))
    )
    return blades + 0.4 * band_noise(noise, n, 60, 1200, 1.0)


def car_horn(draw: Generator, noise: Generator, n: int) -> Wave:  # noqa: ARG001 - the signature is its callers'
    """Two detuned reeds, in bursts."""
    f = draw.uniform(300, 480)
    reeds = tone(f, n, _falling(draw, 14, 0.5)) + tone(
        f * draw.uniform(1.18, 1.3), n, _falling(draw, 14, 0.5)
    )
    t = np.arange(n) / FS
    on = ((t * draw.uniform(1.0, 1.6) + draw.random()) % 1.0) < draw.uniform(0.45, 0.75)
    soft = np.convolve(on, np.ones(160) / 160, "same")
    return np.asarray(filter_by(reeds, peaks_curve([(2500, 2500, 1.0)], 0.5)) * soft, np.float32)
