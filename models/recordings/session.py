"""One session of a published data set as a recording, whose sound and motion are read lazily."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from models.recordings.protocol import (
    AudioChunk,
    ImuChunk,
    RecordingError,
    TruthSpan,
    cuts,
    sample_time_ns,
)
from schemas.frames import NS, Modality
from schemas.ids import id_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from models.recordings.report import SetReport
    from models.recordings.resampling import Regular

CHANNELS = (1, 2, 4)
SAMPLE_RATES = (8_000, 48_000)

_HELD = 8


@dataclass(frozen=True)
class Sound:
    """Lazily read sound: `read(first, last)` returns (n, channels) int16.

    `late_s` is the offset of the first sample from the session's start, s.
    """

    rate: int
    channels: int
    frames: int
    read: Callable[[int, int], NDArray[np.int16]] = field(repr=False)
    late_s: float = 0.0


@dataclass(frozen=True)
class SessionMotion:
    """Motion at one rate, in stretches without holes."""

    rate: float
    stretches: Sequence[Regular] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Session:
    """One session of a data set; `sound` and `motion` read it when needed.

    `length_s` is the length from the data set, if known, which saves reading everything for it.
    """

    name: str
    user: str
    device_id: str
    start_ns: int
    sound: Callable[[], Sound | None] = field(repr=False)
    motion: Callable[[], SessionMotion | None] = field(repr=False)
    spans: Sequence[TruthSpan] = field(repr=False)
    report: SetReport = field(repr=False)
    length_s: float | None = None


class SessionRecording:
    """A `Session` as `models.recordings.protocol.Recording`.

    Besides the protocol it has the `user`, for splits by user, and the `report` of its data set.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.name = safe(session.name)
        self.user = session.user
        self.device_id = safe(session.device_id)
        self.session_id = self.name
        self.start_ns = session.start_ns
        self.report = session.report

    @property
    def _sound(self) -> Sound | None:
        return _sound_of(self._session)

    @property
    def _motion(self) -> SessionMotion | None:
        return _motion_of(self._session)

    @property
    def streams(self) -> tuple[Modality, ...]:
        """Modalities it holds."""
        modalities: list[Modality] = []
        if self._sound is not None:
            modalities.append("audio")
        if self._motion is not None:
            modalities.append("imu")
        return tuple(modalities)

    @property
    def sample_rate(self) -> int | None:
        """Audio samples a second."""
        return None if self._sound is None else self._sound.rate

    @property
    def channels(self) -> int | None:
        """Microphones."""
        return None if self._sound is None else self._sound.channels

    @property
    def imu_rate(self) -> float | None:
        """Motion samples a second."""
        return None if self._motion is None else self._motion.rate

    @property
    def duration_s(self) -> float:
        """Length of the longest stream in seconds; 0 when neither can be read."""
        if self._session.length_s is not None:
            return self._session.length_s
        sound, motion = self._sound, self._motion
        ends = [0.0]
        if sound is not None:
            ends.append(sound.late_s + sound.frames / sound.rate)
        if motion is not None:
            last = motion.stretches[-1]
            ends.append(last.start_s + len(last.values) / motion.rate)
        return max(ends)

    def audio(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[AudioChunk]:
        """Yield (n, channels) int16."""
        sound = self._sound
        if sound is None:
            return
        begin_ns = self.start_ns + round(sound.late_s * NS)
        skip = max(0.0, start_s - sound.late_s)
        for first, last in cuts(sound.frames, sound.rate, chunk_s, skip):
            try:
                samples = sound.read(first, last)
            except (soundfile.LibsndfileError, OSError, RecordingError) as error:
                self.report.skip(Path(self.name), f"sound breaks off: {error}")
                return
            if len(samples):
                yield AudioChunk(sample_time_ns(begin_ns, first, sound.rate), samples)
            if len(samples) < last - first:
                self.report.skip(
                    Path(self.name), f"sound ends after {first + len(samples)} samples"
                )
                return

    def imu(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[ImuChunk]:
        """Yield acc and gyro, (n, 3) float32 each; no chunk spans a hole."""
        motion = self._motion
        if motion is None:
            return
        for stretch in motion.stretches:
            begin_ns = self.start_ns + round(stretch.start_s * NS)
            skip = max(0.0, start_s - stretch.start_s)
            for first, last in cuts(len(stretch.values), motion.rate, chunk_s, skip):
                rows = stretch.values[first:last]
                yield ImuChunk.of_rows(sample_time_ns(begin_ns, first, motion.rate), rows)

    def truth(self) -> Sequence[TruthSpan]:
        """Return the data set's labels, by start."""
        return self._session.spans


# A data set has hundreds of sessions; only the latest are kept in memory.
@lru_cache(maxsize=_HELD)
def _sound_of(session: Session) -> Sound | None:
    return session.sound()


@lru_cache(maxsize=_HELD)
def _motion_of(session: Session) -> SessionMotion | None:
    motion = session.motion()
    return motion if motion is not None and motion.stretches else None


def safe(name: str) -> str:
    """Return `name` as the id of a data set's device or session."""
    return id_from(name, "session")


def sound_file(path: Path, report: SetReport, late_s: float = 0.0) -> Sound | None:
    """Return the sound of a file that libsndfile reads, or None after adding it to `report`."""
    if not path.is_file():
        report.missing(path)
        return None
    try:
        info: Any = soundfile.info(path)
    except (soundfile.LibsndfileError, OSError) as error:
        report.skip(path, str(error))
        return None
    reason = _unusable(info.samplerate, info.channels, info.frames)
    if reason is not None:
        report.skip(path, reason)
        return None

    def read(first: int, last: int) -> NDArray[np.int16]:
        with soundfile.SoundFile(path) as file:
            file.seek(first)
            if file.subtype.startswith("PCM"):
                return np.asarray(file.read(last - first, dtype="int16", always_2d=True), np.int16)
            return int16(file.read(last - first, dtype="float32", always_2d=True))

    return Sound(info.samplerate, info.channels, info.frames, read, late_s)


def sound_array(samples: NDArray[np.int16], rate: int) -> Sound:
    """Return the sound of an array (n,) or (n, channels)."""
    shaped = samples[:, None] if samples.ndim == 1 else samples
    return Sound(rate, shaped.shape[1], len(shaped), lambda first, last: shaped[first:last])


def int16(wave: NDArray[Any]) -> NDArray[np.int16]:
    """Return a wave in [-1, 1], of any shape, as int16; NaN is silence, beyond 1 is clipped."""
    return np.asarray(np.round(np.clip(np.nan_to_num(wave), -1, 1) * 32_767), np.int16)


def _unusable(rate: int, channels: int, frames: int) -> str | None:
    low, high = SAMPLE_RATES
    if not low <= rate <= high:
        return f"sample rate is {rate} Hz; expected {low} to {high}"
    if channels not in CHANNELS:
        return f"has {channels} channels; expected 1, 2 or 4"
    return None if frames else "holds no samples"
