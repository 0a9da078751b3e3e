"""Two ears on a head: how a sound from a direction and a distance reaches each microphone.

The parametric ears are a rigid sphere after Brown & Duda (IEEE Trans. Speech Audio Proc. 1998):
Woodworth's delay and a one-pole head shadow for each ear. The effect of a source's distance is that
of the sphere's near field (`models.simulation.acoustics.rigid_sphere`). A random pinna separates
front from back.
Azimuths are in radians, counter-clockwise seen from above: 0 is ahead, +π/2 is left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from models.simulation.acoustics.rigid_sphere import distance_variation
from models.simulation.acoustics.rooms import SPEED_OF_SOUND, Reflections, convolve, wall_filters
from models.simulation.acoustics.sounds.dsp import FS, Wave

if TYPE_CHECKING:
    from numpy.random import Generator

NFFT = 2_048
FRAME = 1_600  # samples; frames overlap by half, so the direction is renewed every 50 ms
HOP = FRAME // 2
TAPS = NFFT - FRAME  # the longest response that does not wrap around
DIRECTIONS = 72  # one response every 5 degrees

Responses: TypeAlias = NDArray[np.complex64]
_AFAR_M = 8.0
_TABLES_PER_OCTAVE = 5

EAR_POINTS_M = np.array([[0.0, 0.085, 0.0], [0.0, -0.085, 0.0]])
FINE = 5  # steps between two directions of a table
ECHO_NFFT = 4_096
_ECHO_TAPS = ECHO_NFFT - FRAME


class Ears(Protocol):
    """Responses of the two ears, or of the M microphones, around the head."""

    @property
    def points_m(self) -> NDArray[np.float64]:
        """Positions (M, 3) in m from the centre of the head: x ahead, y left, z up."""

    def responses(self, distance_m: float) -> Responses:
        """Return (DIRECTIONS, M, NFFT/2+1), azimuth index · 5°; left ear first.

        They are relative to a microphone at the centre of the absent head, for `distance_m`.
        """


@dataclass(frozen=True)
class SphericalEars:
    """A wearer's drawn head: radius in m, pinna shelf in dB, notch and peak in Hz, ripple in dB."""

    radius_m: float
    ear_azimuth: float
    shelf_db: float
    shelf_hz: float
    notch_hz: float
    notch_depth: float
    peak_hz: float
    peak_db: float
    ripple: NDArray[np.float64] = field(repr=False)
    _tables: dict[int, Responses] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def draw(cls, rng: Generator) -> SphericalEars:
        """Draw a head and its pinnae."""
        return cls(
            radius_m=float(rng.uniform(0.078, 0.098)),
            ear_azimuth=float(np.deg2rad(rng.uniform(92, 104))),
            shelf_db=float(rng.uniform(5, 13)),
            shelf_hz=float(rng.uniform(2000, 4500)),
            notch_hz=float(rng.uniform(5200, 7400)),
            notch_depth=float(rng.uniform(0.4, 0.85)),
            peak_hz=float(rng.uniform(3200, 5000)),
            peak_db=float(rng.uniform(1, 7)),
            ripple=rng.standard_normal((2, 4, 4)) * rng.uniform(0.3, 0.9),
        )

    @property
    def points_m(self) -> NDArray[np.float64]:
        """Places (2, 3) of the ears."""
        return EAR_POINTS_M * (self.radius_m / 0.085)

    def responses(self, distance_m: float) -> Responses:
        """Return the responses at the tabulated distance nearest to `distance_m`."""
        key = round(np.log2(max(distance_m, 0.1)) * _TABLES_PER_OCTAVE)
        if key not in self._tables:
            self._tables[key] = self._table(2.0 ** (key / _TABLES_PER_OCTAVE))
        return self._tables[key]

    def _table(self, distance_m: float) -> Responses:
        azimuth = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
        f = np.asarray(np.fft.rfftfreq(NFFT, 1 / FS), np.float64)
        both = [self._ear(azimuth, f, distance_m, ear) for ear in (0, 1)]
        return short(np.stack(both, axis=1).astype(np.complex64))

    def _ear(
        self, azimuth: NDArray[np.float64], f: NDArray[np.float64], distance_m: float, ear: int
    ) -> NDArray[np.complex128]:
        a, c = self.radius_m, SPEED_OF_SOUND
        at = self.ear_azimuth if ear == 0 else -self.ear_azimuth
        theta = np.abs(np.angle(np.exp(1j * (azimuth - at))))[:, None]
        delay = np.where(theta < np.pi / 2, -a / c * np.cos(theta), a / c * (theta - np.pi / 2))
        shade = 1.05 + 0.95 * np.cos(theta / np.deg2rad(150) * np.pi)
        w = 1j * 2 * np.pi * f[None, :] * a / (2 * c)
        head = (1 + shade * w) / (1 + w)
        near = distance_variation(azimuth - at, distance_m, _AFAR_M, a, f.size)
        gain = near * 10 ** (self._pinna_db(azimuth, f, ear) / 20)
        lag = 0.0012 + delay
        return np.asarray(head * gain * np.exp(-2j * np.pi * f[None, :] * lag), np.complex128)

    def _pinna_db(
        self, azimuth: NDArray[np.float64], f: NDArray[np.float64], ear: int
    ) -> NDArray[np.float64]:
        ahead = np.cos(azimuth)[:, None]
        above = 1 / (1 + (self.shelf_hz / np.maximum(f, 1)) ** 4)[None, :]
        shelf = -self.shelf_db * (1 - ahead) / 2 * above
        notch_at = self.notch_hz * (1 + 0.1 * ahead)
        notch = 20 * np.log10(1 - self.notch_depth / (1 + ((f[None, :] - notch_at) / 350) ** 2))
        peak = self.peak_db * (1 + ahead) / 2 / (1 + ((f[None, :] - self.peak_hz) / 900) ** 2)
        turn = azimuth if ear == 0 else -azimuth
        rows = np.stack([np.cos(k * turn + k) for k in range(4)], axis=1)
        octave = np.log2(np.maximum(f, 60) / 60) / np.log2(FS / 120)
        columns = np.stack([np.cos(np.pi * (m + 1) * octave) for m in range(4)])
        # A pinna is too small to act on waves longer than it: below 1.5 kHz the ripple fades.
        small = 1 / (1 + (1500 / np.maximum(f, 1)) ** 2)[None, :]
        ripple = rows @ self.ripple[ear] @ columns * small
        return np.asarray(shelf + notch + peak + ripple, np.float64)


def short(responses: Responses) -> Responses:
    """Cut responses (..., NFFT/2+1) to TAPS samples, so that a frame's filter never wraps."""
    impulse = fft.irfft(responses, NFFT, axis=-1)[..., :TAPS]
    fade = np.ones(TAPS, np.float32)
    fade[-64:] = np.hanning(128)[64:]
    return np.asarray(fft.rfft(impulse * fade, NFFT, axis=-1), np.complex64)


def render_at_ears(
    wave: Wave, azimuth: NDArray[np.float64], table: Responses
) -> NDArray[np.float32]:
    """Move `wave` (n,) around the head; return (M, n + TAPS) at the table's M microphones.

    `azimuth` holds the direction relative to the head every HOP samples, ceil(n/HOP)+1 values.
    Frames of 100 ms under a Hann window overlap by half, so a turning head cross-fades between
    responses 1° apart.
    """
    used, index = np.unique(_steps(wave, azimuth, FINE), return_inverse=True)
    return _filter_frames(wave, index.astype(np.intp), between(table, used / FINE))


def first_echoes(
    wave: Wave, yaw: NDArray[np.float64], table: Responses, echoes: Reflections, distance_m: float
) -> NDArray[np.float32]:
    """Return (M, n + 2496): a few image sources, fixed in the room, around the turning head.

    Args:
        wave: (n,) dry sound.
        yaw: the head's, rad, every HOP samples as in `render_at_ears`.
        table: far responses of the ears.
        echoes: image sources; those later than `ECHO_WINDOW_S` are ignored.
        distance_m: the source's, at which the direct path has unit gain and no delay.
    """
    used, index = np.unique(_steps(wave, -yaw), return_inverse=True)
    azimuth = np.arctan2(echoes.place[:, 1], echoes.place[:, 0])
    path = np.linalg.norm(echoes.place, axis=1)
    at = np.maximum(np.round((path - distance_m) / SPEED_OF_SOUND * FS), 0).astype(np.intp)
    walls = wall_filters(echoes.gain, NFFT)
    impulses = np.zeros((used.size, table.shape[1], ECHO_NFFT), np.float32)
    for i in np.flatnonzero(at <= ECHO_WINDOW_S * FS):
        towards = round(float(azimuth[i]) * DIRECTIONS / (2 * np.pi))
        rows = table[(used + towards) % DIRECTIONS] * (walls[i] * np.float32(distance_m / path[i]))
        impulses[..., at[i] : at[i] + TAPS] += fft.irfft(rows, NFFT, axis=-1)[..., :TAPS]
    combined: Responses = fft.rfft(impulses, axis=-1)
    return _filter_frames(wave, index.astype(np.intp), combined)


# The longest delay of an image source that `first_echoes` has room for.
ECHO_WINDOW_S = (_ECHO_TAPS - TAPS) / FS


def between(table: Responses, at: NDArray[np.float64]) -> Responses:
    """Return responses (U, M, F) at fractional azimuth indices `at` (U,), in steps of 5°.

    Neighbours are aligned before they are averaged, and the delay is interpolated too: otherwise
    the steps of a measured ring would hide the effect of a turn of a few degrees.
    """
    low = np.floor(at).astype(np.intp)
    part = (at - low).astype(np.float32)[:, None, None]
    first, second = table[low % DIRECTIONS], table[(low + 1) % DIRECTIONS]
    if not part.any():
        return first
    omega = (2 * np.pi * np.arange(table.shape[-1]) * FS / NFFT).astype(np.float32)
    # Least squares of the phase over the delay, where 5° are less than half a period.
    band = slice(int(300 * NFFT / FS), int(4000 * NFFT / FS))
    cross = second[..., band] * first[..., band].conj()
    weight = np.abs(cross) * omega[band]
    slope = (weight * np.angle(cross)).sum(-1) / np.maximum((weight * omega[band]).sum(-1), 1e-12)
    late = slope.astype(np.float32)[..., None] * omega  # phase of the second past the first
    blend: Responses = first * _complex_from(part * late, 1 - part)
    blend += second * _complex_from((part - 1) * late, part)
    return blend


def _complex_from(phase: NDArray[np.float32], gain: NDArray[np.float32]) -> Responses:
    # numpy has fast sines of float32, but no fast complex exponential.
    out = np.empty(phase.shape, np.complex64)
    out.real, out.imag = np.cos(phase), np.sin(phase)
    out *= gain
    return out


def _steps(wave: Wave, azimuth: NDArray[np.float64], fine: int = 1) -> NDArray[np.intp]:
    frames = -(-wave.size // HOP) + 1
    if azimuth.size < frames:
        raise ValueError(f"azimuth has {azimuth.size} values; {wave.size} samples need {frames}")
    steps = DIRECTIONS * fine
    return np.round(azimuth[:frames] * steps / (2 * np.pi)).astype(np.intp) % steps


def _filter_frames(wave: Wave, index: NDArray[np.intp], table: Responses) -> NDArray[np.float32]:
    nfft = 2 * (table.shape[-1] - 1)
    taps = nfft - FRAME
    if (index == index[0]).all():
        impulse = fft.irfft(table[index[0]], nfft, axis=-1)[:, :taps]
        return convolve(wave, impulse, wave.size + taps)
    frames = index.size
    padded = np.zeros((frames + 1) * HOP, np.float32)
    padded[HOP : HOP + wave.size] = wave
    windowed = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP] * _WINDOW
    spectra = fft.rfft(windowed, nfft, axis=1)
    out = np.empty((table.shape[1], wave.size + taps), np.float32)
    for microphone in range(table.shape[1]):
        pieces = fft.irfft(spectra * table[index, microphone], nfft, axis=1)
        out[microphone] = _overlap_add(pieces)[HOP : HOP + out.shape[1]]
    return out


_WINDOW = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)).astype(np.float32)


def _overlap_add(pieces: NDArray[np.float32]) -> Wave:
    frames, nfft = pieces.shape
    parts = -(-nfft // HOP)
    padded = np.zeros((frames, parts * HOP), np.float32)
    padded[:, :nfft] = pieces
    blocks = padded.reshape(frames, parts, HOP)
    total = np.zeros((frames + parts, HOP), np.float32)
    for k in range(parts):
        total[k : k + frames] += blocks[:, k]
    return total.reshape(-1)
