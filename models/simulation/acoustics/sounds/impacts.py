"""Impacts: steps, keys, knocks, claps, cutlery, glass, hand tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.simulation.acoustics.sounds.dsp import (
    FS,
    Wave,
    band_noise,
    beats,
    burst,
    decaying_partials,
    poisson_times,
    strike,
    swells,
    wander,
)

if TYPE_CHECKING:
    from numpy.random import Generator


def _gains(
    noise: Generator, count: int, spread: float = 0.3
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.exp(spread * noise.standard_normal(count))


def footsteps(draw: Generator, noise: Generator, n: int) -> Wave:
    """Heel and sole on a floor, 1.6 to 2.1 steps a second."""
    return steps(draw, noise, n, draw.uniform(1.6, 2.1))


def steps(draw: Generator, noise: Generator, n: int, rate_hz: float) -> Wave:
    """Footsteps at a given cadence (Hz) on a random floor in random shoes."""
    low, high = draw.uniform(60, 150), draw.uniform(700, 3500)
    length, heel = draw.uniform(0.05, 0.16), draw.uniform(0.2, 1.0)
    body = draw.uniform(70, 160)
    gravel = draw.uniform(0, 0.6) if draw.random() < 0.4 else 0.0
    kernels = []
    for _ in range(4):
        sole = burst(noise, length, low, high, 0.004)
        thud = decaying_partials([body], [0.03], [heel * 2], length)
        kernel = np.zeros(int(0.25 * FS), np.float32)
        kernel[: sole.size] += sole
        kernel[: thud.size] += thud
        toe = int(draw.uniform(0.07, 0.1) * FS)
        kernel[toe : toe + sole.size] += 0.4 * sole[: kernel.size - toe]
        if gravel:
            grit = band_noise(noise, kernel.size, 1500, 7000)
            kernel += gravel * grit * np.hanning(kernel.size).astype(np.float32) ** 2
        kernels.append(kernel)
    at = beats(noise, n, rate_hz, 0.04)
    return strike(noise, n, at, _gains(noise, at.size, 0.2), kernels)


def typing(draw: Generator, noise: Generator, n: int) -> Wave:
    """Key presses and releases, four to nine a second, with pauses."""
    click = draw.uniform(1800, 4500)
    body = draw.uniform(250, 700)
    kernels = []
    for _ in range(6):
        press = burst(noise, draw.uniform(0.012, 0.03), click * 0.5, min(7500, click * 2), 0.0005)
        case = decaying_partials(
            [body * noise.uniform(0.9, 1.1)], [0.012], [draw.uniform(0.3, 1.2)], 0.05
        )
        kernel = np.zeros(int(0.14 * FS), np.float32)
        kernel[: press.size] += press
        kernel[: case.size] += case
        release = int(draw.uniform(0.06, 0.1) * FS)
        kernel[release : release + press.size] += 0.35 * press[: kernel.size - release]
        kernels.append(kernel)
    at = beats(noise, n, draw.uniform(4, 9), 0.45)
    pause = wander(noise, n, 2.0)[at] > -1.1
    return strike(noise, n, at[pause], _gains(noise, int(pause.sum())), kernels)


def mouse_click(draw: Generator, noise: Generator, n: int) -> Wave:
    """Pairs of very short, bright clicks."""
    centre = draw.uniform(2500, 5000)
    kernels = []
    for _ in range(3):
        down = burst(
            noise, draw.uniform(0.004, 0.009), centre * 0.6, min(7800, centre * 1.6), 0.0003
        )
        kernel = np.zeros(int(0.15 * FS), np.float32)
        kernel[: down.size] += down
        up = int(draw.uniform(0.07, 0.12) * FS)
        kernel[up : up + down.size] += 0.6 * down
        kernels.append(kernel)
    at = beats(noise, n, draw.uniform(1.8, 3.0), 0.3)
    return strike(noise, n, at, _gains(noise, at.size, 0.15), kernels)


def writing(draw: Generator, noise: Generator, n: int) -> Wave:
    """A pen on paper: short scratches, three to six strokes a second."""
    at = beats(noise, n, draw.uniform(3, 6), 0.35)
    envelope = swells(n, at, noise.uniform(0.06, 0.22, at.size), 0.7)
    low = draw.uniform(1200, 2500)
    grain = np.abs(wander(noise, n, draw.uniform(200, 500)))
    scratch = band_noise(noise, n, low, draw.uniform(5000, 7500))
    return np.asarray(scratch * envelope * (0.3 + grain), np.float32)


def clapping(draw: Generator, noise: Generator, n: int) -> Wave:
    """Hand claps, two to five a second; sometimes more than one pair of hands."""
    total = np.zeros(n, np.float32)
    for _ in range(1 if draw.random() < 0.6 else int(draw.integers(3, 9))):
        centre = draw.uniform(900, 2200)
        kernels = [
            burst(noise, draw.uniform(0.02, 0.06), centre * 0.5, centre * 2.2, 0.0008)
            for _ in range(4)
        ]
        at = beats(noise, n, draw.uniform(2, 5), 0.07)
        total += strike(noise, n, at, _gains(noise, at.size, 0.2), kernels)
    return total


def _metal(draw: Generator, count: int, low: float, high: float, decay: float) -> Wave:
    freqs = np.sort(draw.uniform(low, high, count))
    gains = draw.uniform(0.3, 1.0, count)
    return decaying_partials(freqs, draw.uniform(0.3, 1.0, count) * decay, gains, decay * 4)


def cutlery(draw: Generator, noise: Generator, n: int) -> Wave:
    """Forks and knives on plates: clinks, scrapes."""
    kernels = [_metal(draw, 6, 1800, 7600, draw.uniform(0.02, 0.07)) for _ in range(5)]
    at = beats(noise, n, draw.uniform(1.6, 3.2), 0.5)
    total = strike(noise, n, at, _gains(noise, at.size, 0.5), kernels)
    scrapes = beats(noise, n, draw.uniform(0.3, 0.9), 0.4)
    envelope = swells(n, scrapes, noise.uniform(0.15, 0.5, scrapes.size))
    return total + 0.25 * envelope * band_noise(noise, n, draw.uniform(2500, 4000), 7000)


def glass(draw: Generator, noise: Generator, n: int) -> Wave:
    """Glasses that clink, and occasionally one that breaks."""
    kernels = [_metal(draw, 4, 2200, 7000, draw.uniform(0.06, 0.2)) for _ in range(3)]
    if draw.random() < 0.3:
        shards = np.zeros(int(0.6 * FS), np.float32)
        for _ in range(40):
            start = int(abs(draw.normal(0, 0.15)) * FS)
            shard = _metal(draw, 3, 3000, 7800, 0.015)
            size = max(0, min(shard.size, shards.size - start))
            shards[start : start + size] += shard[:size] * draw.uniform(0.2, 1)
        kernels.append(shards)
    at = beats(noise, n, draw.uniform(1.2, 2.2), 0.4)
    return strike(noise, n, at, _gains(noise, at.size, 0.4), kernels)


def can_opening(draw: Generator, noise: Generator, n: int) -> Wave:
    """A tab's crack, then fizz, repeated."""
    kernel = np.zeros(int(0.9 * FS), np.float32)
    crack = _metal(draw, 5, 900, 6000, draw.uniform(0.01, 0.03))
    kernel[: crack.size] += 2 * crack
    fizz = burst(noise, 0.8, draw.uniform(2500, 4500), 7800, 0.02)
    kernel[800 : 800 + fizz.size] += 0.8 * fizz[: kernel.size - 800]
    at = beats(noise, n, draw.uniform(1.05, 1.3), 0.1)
    return strike(noise, n, at, _gains(noise, at.size, 0.2), [kernel])


def door_knock(draw: Generator, noise: Generator, n: int) -> Wave:
    """Knuckles on wood, three to five a second in groups."""
    f = draw.uniform(120, 350)
    kernel = decaying_partials(
        [f, f * 1.7, f * 2.9, f * 4.3], [0.04, 0.025, 0.015, 0.01], [1, 0.7, 0.5, 0.4], 0.15
    )
    kernel[:200] += 0.5 * burst(noise, 0.0125, 800, 4000, 0.0005)[:200]
    at = beats(noise, n, draw.uniform(3.2, 5.5), 0.06)
    rest = (np.arange(at.size) % int(draw.integers(4, 7))) > 0
    return strike(noise, n, at[rest], _gains(noise, int(rest.sum()), 0.2), [kernel])


def hand_tools(draw: Generator, noise: Generator, n: int) -> Wave:
    """A hammer, a saw or a file."""
    if draw.random() < 0.55:
        ring = _metal(draw, 7, 500, 6500, draw.uniform(0.02, 0.09))
        ring[:300] += 2 * burst(noise, 0.02, 300, 5000, 0.0005)[:300]
        at = beats(noise, n, draw.uniform(1.4, 2.6), 0.1)
        return strike(noise, n, at, _gains(noise, at.size, 0.2), [ring])
    rate = draw.uniform(1.5, 3.0)
    at = beats(noise, n, rate * 2, 0.08)
    envelope = swells(n, at, noise.uniform(0.35, 0.48, at.size) / rate, 0.6)
    teeth = 1 + 0.8 * np.sin(2 * np.pi * draw.uniform(60, 180) * np.arange(n) / FS)
    rasp = band_noise(noise, n, draw.uniform(600, 1800), draw.uniform(4500, 7500))
    return np.asarray(rasp * envelope * teeth, np.float32)


def clock(draw: Generator, noise: Generator, n: int) -> Wave:
    """Ticking, one or two a second (a wall clock) or five (a pocket watch)."""
    rate = float(draw.choice([1.0, 2.0, 4.0, 5.0]))
    tick = _metal(draw, 4, draw.uniform(900, 2000), 6500, draw.uniform(0.004, 0.015))
    tock = _metal(draw, 4, draw.uniform(900, 2000), 6500, draw.uniform(0.004, 0.015))
    at = beats(noise, n, rate, 0.003)
    total = np.zeros(n, np.float32)
    for kernel, part in ((tick, at[::2]), (tock, at[1::2])):
        total += strike(noise, n, part, np.ones(part.size), [kernel])
    return total


def drops(draw: Generator, noise: Generator, n: int, rate_hz: float) -> Wave:
    """Bubbling drops: short rising sinusoids, as in running water."""
    kernels = []
    for _ in range(8):
        f = draw.uniform(500, 3500)
        t = np.arange(int(0.03 * FS)) / FS
        rise = f * (1 + draw.uniform(2, 12) * t)
        kernels.append((np.sin(2 * np.pi * rise * t) * np.exp(-t / 0.006)).astype(np.float32))
    at = poisson_times(noise, n, rate_hz)
    return strike(noise, n, at, _gains(noise, at.size, 0.6), kernels)
