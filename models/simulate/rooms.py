"""Rooms: how much of a sound comes back from the walls, and for how long.

The critical distance says where direct and reverberant sound are equally strong: the ratio of
the two, not the level, is what tells near from far (EgoLog §3.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import fft

from models.simulate.sounds.dsp import FS, Wave, band_curve, coloured

KINDS: dict[str, tuple[float, float, float, float]] = {
    # kind: reverberation time from, to (s); critical distance from, to (m)
    "room": (0.25, 0.6, 0.6, 1.1),
    "hall": (0.5, 0.9, 0.9, 1.6),
    "bathroom": (0.35, 0.8, 0.5, 0.9),
    "car": (0.06, 0.12, 0.6, 1.0),
    "street": (0.3, 0.8, 2.0, 4.5),
}


@dataclass(frozen=True)
class Room:
    """A drawn room: reverberation time in s, critical distance in m, first echo in s."""

    kind: str
    rt60_s: float
    critical_m: float
    first_echo_s: float
    damping_hz: float

    @classmethod
    def draw(cls, kind: str, rng: Generator) -> Room:
        """Draw a room of a kind of `KINDS`."""
        rt_low, rt_high, near, far = KINDS[kind]
        return cls(
            kind=kind,
            rt60_s=float(rng.uniform(rt_low, rt_high)),
            critical_m=float(rng.uniform(near, far)),
            first_echo_s=float(rng.uniform(0.002, 0.03 if kind == "street" else 0.012)),
            damping_hz=float(rng.uniform(1800, 6000)),
        )

    def tail(self, distance_m: float, rng: Generator) -> NDArray[np.float32]:
        """Return the reverberation (2, n) of a source of unit direct gain at `distance_m`.

        Early echoes with their own delays at the two ears, then decaying noise that is alike at
        both ears below 500 Hz and independent above, as in a diffuse field.
        """
        n = int(min(self.rt60_s, 0.8) * FS) + int(self.first_echo_s * FS)
        t = np.arange(n) / FS
        fall = np.exp(-6.9 * t / self.rt60_s)
        shared = rng.standard_normal(n).astype(np.float32)
        tails = np.empty((2, n), np.float32)
        for ear in (0, 1):
            own = rng.standard_normal(n).astype(np.float32)
            split = coloured(shared, band_curve(0, 500)) + coloured(own, band_curve(500, 8000))
            tails[ear] = split * fall
        tails = np.stack([coloured(tail, band_curve(0, self.damping_hz, 1.0)) for tail in tails])
        start = int(self.first_echo_s * FS)
        tails[:, :start] = 0
        power = float(np.mean(np.sum(tails**2, axis=1)))
        tails /= np.sqrt(power) if power > 0 else 1.0
        for _ in range(6):
            at = start + int(abs(rng.normal(0, 0.008)) * FS)
            lag = int(rng.integers(-9, 10))
            gain = 0.35 * rng.standard_normal()
            for ear, index in ((0, at), (1, at + lag)):
                if 0 <= index < n:
                    tails[ear, index] += gain
        return np.asarray(tails * np.float32(distance_m / self.critical_m), np.float32)


def reverberated(wave: Wave, tail: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """Convolve `wave` with both ears' tails; return (2, n)."""
    size = fft.next_fast_len(max(n, wave.size + tail.shape[1] - 1), real=True)
    spectrum = fft.rfft(wave, size)
    out = fft.irfft(spectrum[None, :] * fft.rfft(tail, size, axis=1), size, axis=1)[:, :n]
    return np.asarray(out, np.float32)
