"""A simulated wearer's recording in memory, at any sample rates, so that sending it is cheap."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import gcd
from typing import TYPE_CHECKING

import numpy as np
from scipy import signal

from models.recordings.protocol import AudioChunk, ImuChunk, TruthSpan, cuts, sample_time_ns
from models.simulation.simulated_day import DEFAULT_START_NS, SimulatedDay

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from schemas.frames import Modality

_SEED = 1


@dataclass(frozen=True)
class Rates:
    """Sample rates of stereo sound and of motion, Hz."""

    audio: int = 16_000
    imu: int = 50

    @property
    def name(self) -> str:
        """The name in tables."""
        return f"{self.audio // 1_000} kHz + {self.imu} Hz"


COARSE = Rates()
FINE = Rates(48_000, 200)


@dataclass(frozen=True, eq=False)
class ArrayRecording:
    """`samples` (n, 2) int16 and `motion` (m, 6) float32, acc in m/s² and gyro in rad/s."""

    samples: NDArray[np.int16]
    motion: NDArray[np.float32]
    rates: Rates
    device_id: str = "bench"
    session_id: str = "bench"
    start_ns: int = DEFAULT_START_NS
    streams: tuple[Modality, ...] = ("audio", "imu")
    channels: int | None = 2

    @property
    def name(self) -> str:
        """The device id."""
        return self.device_id

    @property
    def sample_rate(self) -> int | None:
        """Audio sample rate, Hz."""
        return self.rates.audio

    @property
    def imu_rate(self) -> float | None:
        """Motion sample rate, Hz."""
        return float(self.rates.imu)

    @property
    def duration_s(self) -> float:
        """Duration, s."""
        return len(self.samples) / self.rates.audio

    def audio(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[AudioChunk]:
        """Yield (n, 2) int16."""
        for first, last in cuts(len(self.samples), self.rates.audio, chunk_s, start_s):
            t_ns = sample_time_ns(self.start_ns, first, self.rates.audio)
            yield AudioChunk(t_ns, self.samples[first:last])

    def imu(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[ImuChunk]:
        """Yield acc and gyro, (n, 3) float32 each."""
        for first, last in cuts(len(self.motion), self.rates.imu, chunk_s, start_s):
            t_ns = sample_time_ns(self.start_ns, first, self.rates.imu)
            part = self.motion[first:last]
            yield ImuChunk(t_ns, part[:, :3].copy(), part[:, 3:].copy())

    def truth(self) -> Sequence[TruthSpan]:
        """Return nothing: the recording has no labels."""
        return []

    def from_sample(self, first: int) -> ArrayRecording:
        """Return the recording rotated, so that its sound starts at sample `first`."""
        return replace(self, samples=np.roll(self.samples, -first, axis=0))


def simulate_recording(seconds: int, rates: Rates) -> ArrayRecording:
    """Simulate `seconds` of a wearer; rates other than 16 kHz and 50 Hz are resampled."""
    day = SimulatedDay(_SEED, max(0.5, seconds / 60))
    samples = np.concatenate([chunk.samples for chunk in day.audio()])
    motion = np.concatenate([np.hstack([chunk.acc, chunk.gyro]) for chunk in day.imu()])
    own = Rates()
    return ArrayRecording(
        _int16(_resampled(samples.astype(np.float32), own.audio, rates.audio))[
            : seconds * rates.audio
        ],
        _resampled(motion, own.imu, rates.imu)[: seconds * rates.imu],
        rates,
    )


def _resampled(values: NDArray[np.float32], rate: int, want: int) -> NDArray[np.float32]:
    """Resample (n, C) at `rate` to (n·want/rate, C)."""
    if rate == want:
        return values
    shared = gcd(rate, want)
    out: NDArray[np.float32] = signal.resample_poly(values, want // shared, rate // shared, axis=0)
    return out.astype(np.float32)


def _int16(values: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.clip(np.round(values), -32_768, 32_767).astype(np.int16)
