"""Room acoustics: image sources for the early reflections, then a diffuse field (EgoLog §3.2).

A room is a shoe box of random size and absorption. Reflections up to the third order are image
sources (Allen & Berkley, J. Acoust. Soc. Am. 1979) computed by pyroomacoustics; the late part is
noise that decays by Eyring's formula, with the coherence between microphones of a diffuse field
(Habets & Gannot, J. Acoust. Soc. Am. 2007). The direct-to-reverberant ratio follows from distance,
size and absorption alone, so it is a cue to distance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

from models.recordings.protocol import RecordingError
from models.simulation.acoustics.sounds.dsp import FS, Wave
from schemas.extras import needs

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

with needs("pyroomacoustics", "simulated rooms need", RecordingError):
    import pyroomacoustics as pra

SPEED_OF_SOUND = 343.0  # m/s
BANDS_HZ = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
MAX_ORDER = 3
LONGEST_S = 0.9  # maximum length of a response
_WALLS = ("west", "east", "south", "north", "floor", "ceiling")
_WALL_TAPS = 128
_KEEP_OFF_M = 0.1  # minimum distance of a source from a wall


@dataclass(frozen=True)
class Kind:
    """Ranges from which a type of room is sampled.

    `low` and `high` bound the size in m, `rt60_s` the reverberation time at 1 kHz; `margin_m` is
    the minimum distance of the listener from a wall.
    """

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    rt60_s: tuple[float, float]
    margin_m: float


KINDS: dict[str, Kind] = {
    "room": Kind((3.2, 3.0, 2.3), (7.0, 6.0, 3.0), (0.25, 0.6), 1.3),
    "live": Kind((3.2, 3.0, 2.3), (10.0, 8.0, 4.0), (0.5, 1.0), 1.3),
    "open": Kind((20.0, 20.0, 8.0), (20.0, 20.0, 8.0), (0.0, 0.0), 8.0),
    "dry": Kind((4.0, 4.0, 2.5), (14.0, 14.0, 6.0), (0.02, 0.1), 1.3),
    "hall": Kind((8.0, 6.0, 3.0), (20.0, 14.0, 6.0), (0.5, 0.9), 2.0),
    "bathroom": Kind((2.8, 2.7, 2.2), (4.0, 3.5, 2.7), (0.3, 0.6), 1.3),
    "car": Kind((1.9, 1.4, 1.1), (2.6, 1.6, 1.3), (0.05, 0.1), 0.4),
    "street": Kind((20.0, 9.0, 8.0), (40.0, 25.0, 15.0), (0.0, 0.0), 2.0),
}


@dataclass(frozen=True)
class Reflections:
    """Image sources of one source, without the source itself.

    `place` (I, 3) in m from the listener, x along the world's azimuth 0, y to its left, z up;
    `gain` (I, 7) amplitude factor of the walls in each of `BANDS_HZ`; `order` (I,) of reflection.
    """

    place: NDArray[np.float64]
    gain: NDArray[np.float64]
    order: NDArray[np.int64]


@dataclass(frozen=True)
class Room:
    """A sampled room and the listener's position in it.

    `size_m` and `listener_m` are (x, y, z) in m, `absorption` the share of energy that each wall
    (west, east, south, north, floor, ceiling) absorbs in each of `BANDS_HZ`; `seed` is that of the
    diffuse field's noise.
    """

    kind: str
    size_m: tuple[float, float, float]
    absorption: tuple[tuple[float, ...], ...]
    listener_m: tuple[float, float, float]
    seed: int
    _late: dict[bytes, NDArray[np.float32]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def draw(cls, kind: str, rng: Generator) -> Room:
        """Draw a room of a kind of `KINDS`; raises `KeyError` for another."""
        ranges = KINDS[kind]
        x, y, z = (float(v) for v in rng.uniform(ranges.low, ranges.high))
        rt60_s = float(rng.uniform(*ranges.rt60_s))
        if kind == "open":
            walls = np.ones((len(_WALLS), len(BANDS_HZ)))  # an open field, or an anechoic chamber
        else:
            walls = _open_air(rng) if kind == "street" else _walls(rng, (x, y, z), rt60_s)
        margin = ranges.margin_m
        tall = min(float(rng.uniform(1.1, 1.75)), z - 0.3)
        return cls(
            kind=kind,
            size_m=(x, y, z),
            absorption=tuple(tuple(float(a) for a in wall) for wall in walls),
            listener_m=(
                float(rng.uniform(margin, x - margin)),
                float(rng.uniform(margin, y - margin)),
                tall,
            ),
            seed=int(rng.integers(2**62)),
        )

    @property
    def rt60_s(self) -> NDArray[np.float64]:
        """Eyring's reverberation time (7,) in s in each of `BANDS_HZ`."""
        kept = np.minimum(self._mean_absorption(), 0.99)
        return np.asarray(0.161 * self._volume() / (-self._surface() * np.log1p(-kept)), float)

    @property
    def critical_m(self) -> NDArray[np.float64]:
        """Distance (7,) in m at which direct and reverberant sound are equally strong."""
        mean = np.minimum(self._mean_absorption(), 0.99)
        return np.asarray(np.sqrt(self._surface() * mean / (1 - mean) / (16 * np.pi)), float)

    def source_m(self, azimuth: float, distance_m: float) -> float:
        """Return the maximum distance in m of a source at world azimuth `azimuth` (rad).

        Sources stay inside the room. Only a car's far sources are outside: they keep their
        distance, and the cabin responds as to a source at its shell, so that they arrive mostly as
        reverberation.
        """
        return distance_m if self.kind == "car" else self._inside(azimuth, distance_m)

    def reflections(self, azimuth: float, distance_m: float) -> Reflections:
        """Return the image sources up to the third order of a source at the listener's height."""
        if self._answers_nothing():
            nothing = np.zeros((0, 3))
            return Reflections(nothing, np.zeros((0, len(BANDS_HZ))), np.zeros(0, np.int64))
        reach = self._inside(azimuth, distance_m)
        here = np.array(self.listener_m)
        there = here + reach * np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
        materials = {
            wall: pra.Material({"coeffs": list(kept), "center_freqs": list(BANDS_HZ)})
            for wall, kept in zip(_WALLS, self.absorption, strict=True)
        }
        box = pra.ShoeBox(list(self.size_m), fs=FS, materials=materials, max_order=MAX_ORDER)
        box.add_source(there)
        box.add_microphone_array(here[:, None])
        box.image_source_model()
        source = box.sources[0]
        echoes = np.flatnonzero(source.orders > 0)
        return Reflections(
            place=np.asarray(source.images[:, echoes].T - here, np.float64),
            gain=np.asarray(source.damping[:, echoes].T, np.float64),
            order=np.asarray(source.orders[echoes], np.int64),
        )

    def response(
        self, echoes: Reflections, distance_m: float, points_m: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Return the response of `echoes` and the following diffuse field at fixed microphones.

        Args:
            echoes: image sources to include.
            distance_m: of the source; level and time are relative to a direct path of unit gain
                from there.
            points_m: (M, 3) positions of the microphones from the listener.

        Returns (M, n), n at most 0.9 s at 16 kHz.
        """
        late = self.late(points_m)
        out = late * np.float32(distance_m)
        path = np.linalg.norm(echoes.place[None] - points_m[:, None], axis=2)  # (M, I)
        at = np.round((path - distance_m) / SPEED_OF_SOUND * FS).astype(np.intp)
        at = np.maximum(at, 0)  # only a car's clamped source could come before the direct path
        walls = wall_filters(echoes.gain, _WALL_TAPS)
        impulses = np.roll(fft.irfft(walls, _WALL_TAPS, axis=1), _WALL_TAPS // 2, axis=1)
        half, n = _WALL_TAPS // 2, out.shape[1]
        padded = np.zeros((len(out), n + 2 * _WALL_TAPS), np.float32)
        for m in range(len(out)):
            for i in np.flatnonzero(at[m] < n):
                first = int(at[m, i]) + half
                gain = np.float32(distance_m / path[m, i])
                padded[m, first : first + _WALL_TAPS] += gain * impulses[i]
        out += padded[:, 2 * half : 2 * half + n]
        return np.asarray(out, np.float32)

    def late(self, points_m: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the diffuse field (M, n) at M points of a source of unit gain at 1 m; cached."""
        key = points_m.tobytes()
        if key not in self._late:
            self._late[key] = self._diffuse(points_m)
        return self._late[key]

    def _diffuse(self, points_m: NDArray[np.float64]) -> NDArray[np.float32]:
        if self._answers_nothing():
            return np.zeros((len(points_m), 1), np.float32)
        rng = np.random.default_rng(self.seed)
        rt60 = self.rt60_s
        n = int(min(max(float(rt60.max()), 0.1), LONGEST_S) * FS)
        size = fft.next_fast_len(n, real=True)
        f = np.asarray(np.fft.rfftfreq(size, 1 / FS), np.float64)
        noise = fft.rfft(rng.standard_normal((len(points_m), size)), axis=1)
        noise = np.einsum("fij,jf->if", _coherence_root(points_m, f), noise)
        weights = _band_weights(f)  # (7, F)
        t = np.arange(n) / FS
        # Image sources of order k travel k mean free paths; the diffuse field begins after them.
        mixed_s = (MAX_ORDER + 0.5) * 4 * self._volume() / (SPEED_OF_SOUND * self._surface())
        rise = np.clip((t - min(mixed_s, 0.1) + 0.0025) / 0.005, 0, 1)
        out = np.zeros((len(points_m), n))
        for band, (time_s, critical) in enumerate(zip(rt60, self.critical_m, strict=True)):
            # Reverberant energy of a source of unit gain at 1 m, spread over its decay.
            energy = 13.8 / (time_s * FS) / critical**2
            fall = np.sqrt(energy * np.exp(-13.8 * t / time_s)) * rise
            out += fft.irfft(noise * np.sqrt(weights[band]), size, axis=1)[:, :n] * fall
        return out.astype(np.float32)

    def _inside(self, azimuth: float, distance_m: float) -> float:
        reach = distance_m
        for axis, along in ((0, np.cos(azimuth)), (1, np.sin(azimuth))):
            if abs(along) > 1e-9:
                wall = self.size_m[axis] - _KEEP_OFF_M if along > 0 else _KEEP_OFF_M
                reach = min(reach, float((wall - self.listener_m[axis]) / along))
        return reach

    def _answers_nothing(self) -> bool:
        return bool((np.array(self.absorption) >= 1).all())

    def _areas(self) -> NDArray[np.float64]:
        return _wall_areas(self.size_m)

    def _surface(self) -> float:
        return float(self._areas().sum())

    def _volume(self) -> float:
        return float(np.prod(self.size_m))

    def _mean_absorption(self) -> NDArray[np.float64]:
        return np.asarray(self._areas() @ np.array(self.absorption) / self._surface(), np.float64)


def wall_filters(gain: NDArray[np.float64], nfft: int) -> NDArray[np.float32]:
    """Return zero-phase spectra (I, nfft/2+1) of walls whose gain in `BANDS_HZ` is (I, 7)."""
    weights = _band_weights(np.asarray(np.fft.rfftfreq(nfft, 1 / FS), np.float64))
    return np.asarray(gain @ weights, np.float32)


def convolve(wave: Wave, response: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """Convolve `wave` with every row of `response` (M, k); return (M, n)."""
    size = fft.next_fast_len(max(n, wave.size + response.shape[1] - 1), real=True)
    both = fft.rfft(wave, size)[None, :] * fft.rfft(response, size, axis=1)
    return np.asarray(fft.irfft(both, size, axis=1)[:, :n], np.float32)


def _walls(
    rng: Generator, size_m: tuple[float, float, float], rt60_s: float
) -> NDArray[np.float64]:
    """Draw (6, 7) absorption whose mean at 1 kHz gives the reverberation time by Eyring."""
    areas = _wall_areas(size_m)
    mean = 1 - np.exp(-0.161 * float(np.prod(size_m)) / (rt60_s * areas.sum()))
    shares = np.exp(rng.normal(0, 0.5, 6))
    shares *= mean * areas.sum() / (areas @ shares)
    # Porous surfaces absorb more with frequency, panels less.
    slopes = rng.uniform(-0.15, 0.45, 6)
    bands = (np.array(BANDS_HZ) / 1000)[None, :] ** slopes[:, None]
    return np.clip(shares[:, None] * bands, 0.02, 0.98)


def _open_air(rng: Generator) -> NDArray[np.float64]:
    """Draw (6, 7) absorption of a street: open ends and sky, asphalt or grass, house fronts."""
    bands = (np.array(BANDS_HZ) / 1000) ** 0.2
    fronts = np.where(rng.random(2) < 0.6, rng.uniform(0.1, 0.4, 2), 0.95)
    ground = rng.uniform(0.05, 0.4)
    level = np.array([0.98, 0.98, fronts[0], fronts[1], ground, 0.98])
    return np.clip(level[:, None] * bands, 0.02, 0.98)


def _wall_areas(size_m: tuple[float, float, float]) -> NDArray[np.float64]:
    x, y, z = size_m
    return np.array([y * z, y * z, x * z, x * z, x * y, x * y])


def _band_weights(f: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (7, F) weights that add up to 1: linear interpolation over log-frequency."""
    at = np.log2(np.clip(f, BANDS_HZ[0], BANDS_HZ[-1]) / BANDS_HZ[0])
    apart = np.abs(at[None, :] - np.arange(len(BANDS_HZ))[:, None])
    return np.asarray(np.clip(1 - apart, 0, 1), np.float64)


def _coherence_root(points_m: NDArray[np.float64], f: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (F, M, M) that gives independent noises the coherence of a diffuse field."""
    apart = np.linalg.norm(points_m[:, None] - points_m[None], axis=2)
    coherence = np.sinc(2 * f[:, None, None] * apart / SPEED_OF_SOUND)
    # At 0 Hz all signals are equal, and the matrix has no Cholesky root.
    root = np.linalg.cholesky(coherence + 1e-6 * np.eye(len(points_m)))
    return np.asarray(root, np.float64)
