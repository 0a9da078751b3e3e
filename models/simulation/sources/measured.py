"""Real sounds and real ears for the simulator: ESC-50 clips, speech, CIPIC's measured heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.recordings.datasets import esc50, spoken_digits
from models.recordings.formats.arrays import load
from models.recordings.formats.columns import finite, rate_hz
from models.recordings.protocol import RecordingError
from models.recordings.splits import ear_split
from models.simulation.acoustics.ears import DIRECTIONS, EAR_POINTS_M, NFFT, Responses, short
from models.simulation.acoustics.head_levels import with_sphere_below
from models.simulation.acoustics.rigid_sphere import distance_variation
from models.simulation.acoustics.sounds import FS, Wave, normalise_level, synthesise
from models.simulation.sources.responses import checked_responses

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

HEAD_RADIUS_M = 0.0875
EAR_AZIMUTH = float(np.deg2rad(95))
MEASURED_AT_M = 1.0
EARS_REVISION = "ears2"
"""Part of the cache's name for sound through these ears; each change of the rendering needs
another."""
REAL_SHARE = 0.5
_FADE = 800  # length of the cross-fade between the ends of a looped clip, samples
_FRONT, _BACK = 0.0, 180.0


class SoundBank:
    """A `SoundSource`: recordings for `share` of the sources that have any, else synthesised."""

    def __init__(self, waves: dict[str, list[Wave]], share: float = REAL_SHARE) -> None:
        self._waves = waves
        self._share = share

    @classmethod
    def read(
        cls,
        folder: Path,
        split: esc50.Split | None,
        share: float = REAL_SHARE,
        speech: Sequence[Wave] = (),
    ) -> SoundBank:
        """Read the clips of `split` from the ESC-50 folder; `speech` is what `read_speech` reads.

        Without any, speech is synthesised babble.
        """
        waves: dict[str, list[Wave]] = {}
        for path, category in esc50.files(folder, split):
            trimmed = _without_silence(esc50.read_mono(path, FS))
            if trimmed.size > 4 * _FADE:
                waves.setdefault(esc50.EVENT_OF_CATEGORY[category], []).append(trimmed)
        if speech:
            waves["speech"] = list(speech)
        return cls(waves, share)

    @property
    def waves(self) -> dict[str, list[Wave]]:
        """The recordings of each label, without leading and trailing silence."""
        return self._waves

    @property
    def labels(self) -> frozenset[str]:
        """Labels that have clips."""
        return frozenset(self._waves)

    def __call__(
        self, label: str, draw: Generator, noise: Generator, n: int, rate_hz: float | None = None
    ) -> Wave:
        """Return n samples at 16 kHz; the wearer's own steps follow the gait, so are synthetic."""
        choices = self._waves.get(label)
        if choices is None or rate_hz is not None or draw.random() >= self._share:
            return synthesise(label, draw, noise, n, rate_hz)
        wave = choices[int(draw.integers(len(choices)))]
        start = int(noise.integers(wave.size))
        return normalise_level(_loop(np.roll(wave, -start), n))


def read_speech(folder: Path, split: esc50.Split | None) -> list[Wave]:
    """Read the speech of the speakers of `split`, one wave a file, without pauses between words.

    So any excerpt contains speech, as its label says. Empty if the folder is absent.
    """
    waves = [
        spoken_digits.without_pauses(esc50.read_mono(path, spoken_digits.RATE))
        for path in spoken_digits.clips(folder, split)
    ]
    return [wave for wave in waves if wave.size > 4 * _FADE]


@dataclass(frozen=True)
class CipicEars:
    """One subject's horizontal ring of measured responses (as `models.simulation.acoustics.ears`).

    CIPIC was measured at 1 m; the effect of another distance at each ear is that of a rigid sphere,
    and so are the levels of low frequencies (`models.simulation.acoustics.head_levels`).
    """

    ring: Responses

    @property
    def points_m(self) -> NDArray[np.float64]:
        """Places (2, 3) of the ears."""
        return EAR_POINTS_M

    def responses(self, distance_m: float) -> Responses:
        """Return (DIRECTIONS, 2, NFFT/2+1): left and right ear, azimuth index · 5°."""
        azimuth = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
        change = [
            distance_variation(
                azimuth - ear, distance_m, MEASURED_AT_M, HEAD_RADIUS_M, self.ring.shape[-1]
            )
            for ear in (EAR_AZIMUTH, -EAR_AZIMUTH)
        ]
        return short((self.ring * np.stack(change, axis=1)).astype(np.complex64))


def read_cipic(path: Path, split: esc50.Split | None) -> list[CipicEars]:
    """Read the subjects of `split` (`ear_split`), or all.

    Raises `RecordingError` if the file cannot be used.
    """
    file = load(path, ("hrir", "azimuth_deg", "elevation_deg"), ("sampling_rate_hz",))
    azimuths, elevations = (finite(path, file, name) for name in ("azimuth_deg", "elevation_deg"))
    rate = rate_hz(path, file, ("sampling_rate_hz",), FS)
    if rate != FS:
        raise RecordingError(f"{path.name} is sampled at {rate:g} Hz; expected {FS}")
    hrir = checked_responses(path, file["hrir"], (-1, len(azimuths), len(elevations), 2, -1))
    front = int(np.argmin(np.abs(elevations - _FRONT)))
    back = int(np.argmin(np.abs(elevations - _BACK)))
    turns = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    # CIPIC's lateral angle is positive to the right, ours counter-clockwise.
    lateral = -np.rad2deg(np.arcsin(np.sin(turns)))
    rows = [int(np.argmin(np.abs(azimuths - angle))) for angle in lateral]
    columns = [front if np.cos(turn) >= 0 else back for turn in turns]
    ears = []
    for number, subject in enumerate(hrir):
        if split is None or ear_split(number) == split:
            ring = subject[rows, columns]  # (72, 2, 73)
            level = np.sqrt((ring**2).sum(-1).mean())
            published = short(np.fft.rfft(ring / level, NFFT).astype(np.complex64))
            whole = with_sphere_below(published, MEASURED_AT_M, HEAD_RADIUS_M, EAR_AZIMUTH)
            ears.append(CipicEars(whole))
    return ears


def _without_silence(wave: Wave) -> Wave:
    """Drop the digital silence that short clips are padded with."""
    loud = np.flatnonzero(np.abs(wave) > 0.01 * np.abs(wave).max()) if wave.size else wave
    return wave[loud[0] : loud[-1] + 1] if len(loud) else wave[:0]


def _loop(wave: Wave, n: int) -> Wave:
    """Repeat `wave` to n samples, its ends cross-faded."""
    if wave.size >= n:
        return wave[:n].copy()
    slope = np.sin(np.linspace(0, np.pi / 2, _FADE, dtype=np.float32))
    body = wave.copy()
    body[:_FADE] *= slope
    body[-_FADE:] *= slope[::-1]
    step = wave.size - _FADE
    out = np.zeros(n + wave.size, np.float32)
    for start in range(0, n, step):
        out[start : start + wave.size] += body
    return out[:n]
