"""The protocol of recordings: audio, motion and truth with event times, read lazily.

Event times are integer nanoseconds: `start_ns + index * 10**9 // rate`, so they never drift and
do not depend on how the stream was cut into chunks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from schemas.frames import NS, Modality

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from schemas.position import Position

TruthKind = Literal["scenario", "activity", "sound", "motion"]
TRUTH_KINDS: tuple[TruthKind, ...] = ("scenario", "activity", "sound", "motion")

# Start of recordings without absolute times: 2026-03-02T00:00:00Z, a Monday.
EPOCH_START_NS = 1_772_409_600 * NS


class RecordingError(ValueError):
    """A recording cannot be opened; the text names the file or value and what is expected."""


@dataclass(frozen=True)
class AudioChunk:
    """Consecutive sound: samples (n, channels) int16, the first of them at `t_ns`."""

    t_ns: int
    samples: NDArray[np.int16]


@dataclass(frozen=True)
class ImuChunk:
    """Consecutive motion: acc (n, 3) m/s² and gyro (n, 3) rad/s float32, from `t_ns` on."""

    t_ns: int
    acc: NDArray[np.float32]
    gyro: NDArray[np.float32]

    @classmethod
    def of_rows(cls, t_ns: int, rows: NDArray[np.float32]) -> ImuChunk:
        """Return rows (n, 6) of acc and gyro as a chunk that shares no memory with them."""
        return cls(t_ns, rows[:, :3].copy(), rows[:, 3:].copy())


@dataclass(frozen=True)
class TruthSpan:
    """Ground truth for [start_ns, end_ns).

    `region` is one of `schemas.REGIONS` and given for sounds only, relative to the head; a sound
    whose region changes has several spans.
    """

    start_ns: int
    end_ns: int
    kind: TruthKind
    label: str
    region: str | None = None


class Recording(Protocol):
    """One continuous session of one device.

    `sample_rate`, `channels` and `imu_rate` are None for a modality that `streams` lacks, and the
    iterator of that modality yields nothing. Concatenated chunks are the same for any `chunk_s`;
    `start_s` gives the tail of the same stream.
    """

    @property
    def name(self) -> str:
        """Name, safe as a device id: [A-Za-z0-9._:-]."""

    @property
    def device_id(self) -> str:
        """Device id of the recording."""

    @property
    def session_id(self) -> str:
        """Session id, unique for the device."""

    @property
    def streams(self) -> tuple[Modality, ...]:
        """Modalities of the recording."""

    @property
    def sample_rate(self) -> int | None:
        """Audio sample rate, Hz."""

    @property
    def channels(self) -> int | None:
        """Number of microphones."""

    @property
    def imu_rate(self) -> float | None:
        """Motion sample rate, Hz."""

    @property
    def start_ns(self) -> int:
        """Event time of its start, ns since the epoch."""

    @property
    def duration_s(self) -> float:
        """Length of the longest stream."""

    def audio(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[AudioChunk]:
        """Yield the sound from `start_s` on, at most `chunk_s` at a time."""

    def imu(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[ImuChunk]:
        """Yield the motion from `start_s` on, at most `chunk_s` at a time."""

    def truth(self) -> Sequence[TruthSpan]:
        """Return the ground truth, ordered by start; may be empty."""


def position_of(recording: Recording) -> Position | None:
    """Return the device's position, or None if unknown."""
    position: Position | None = getattr(recording, "position", None)
    return position


def sample_time_ns(start_ns: int, index: int, rate: float) -> int:
    """Return the event time of sample `index`; exact for whole and for millihertz rates."""
    return start_ns + index * 1_000 * NS // round(rate * 1_000)


def cuts(total: int, rate: float, chunk_s: float, start_s: float) -> Iterator[tuple[int, int]]:
    """Yield the [first, last) sample indices of each chunk of a stream of `total` samples.

    Raises `RecordingError` when a chunk would hold no sample or the start lies before 0.
    """
    size = int(chunk_s * rate + 1e-9)
    if size < 1:
        raise RecordingError(
            f"chunk_s is {chunk_s}; at {rate:g} Hz it must be at least {1 / rate:.6f}"
        )
    if start_s < 0:
        raise RecordingError(f"start_s is {start_s}; expected 0 or more")
    first = int(np.ceil(start_s * rate - 1e-9))
    for begin in range(first, total, size):
        yield begin, min(begin + size, total)
