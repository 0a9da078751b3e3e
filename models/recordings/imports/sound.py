"""A file of sound in any format, read as the pipeline takes it: int16, 8 to 48 kHz, 1, 2 or 4
channels; what is faster is resampled.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import gcd
from typing import TYPE_CHECKING

import numpy as np
from scipy import signal

from models.recordings.blocks import Blocks
from models.recordings.distinct_channels import Channels, distinct_channels
from models.recordings.imports import media
from models.recordings.imports.sndfile import SndFile
from models.recordings.protocol import RecordingError
from models.recordings.session import int16

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from models.recordings.imports.name_times import StartTime

SOUND_SUFFIXES = frozenset(
    (
        ".wav",
        ".wave",
        ".bwf",
        ".rf64",
        ".w64",
        ".flac",
        ".ogg",
        ".oga",
        ".opus",
        ".mp3",
        ".aif",
        ".aiff",
        ".aifc",
        ".caf",
        ".au",
        ".snd",
    )
)
FILE_RATES = (8_000, 192_000)
MAX_RATE = 48_000
MAX_CHANNELS = 8
_MARGIN_S = 1  # well above the filter's length
_CODED_S = 120
_FIRST = Channels((0,))


@dataclass(frozen=True, eq=False)
class SoundFile:
    """The sound of a file: `read(first, last)` returns (n, all channels) in [-1, 1].

    `kept` are the channels that the pipeline takes; `start` is that of the file's metadata, if the
    opener already read it. `stated` is the number of samples by the header, of which `frames` can
    be read; None if it is the same or not known.
    """

    path: Path
    rate: int
    channels: int
    frames: int
    read: Callable[[int, int], NDArray[np.float32]] = field(repr=False)
    start: StartTime | None = None
    stated: int | None = None
    kept: Channels = _FIRST

    @property
    def used(self) -> tuple[int, ...]:
        """Channels that the pipeline takes, from 0: 1, 2 or 4."""
        return self.kept.used

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return self.frames / self.rate

    @property
    def pipeline_rate(self) -> int:
        """The rate at which it is read: its own up to 48 kHz, else its half, third or quarter.

        If none of these is 32 to 48 kHz, it is 48 kHz.
        """
        if self.rate <= MAX_RATE:
            return self.rate
        for part in (2, 3, 4):
            if self.rate % part == 0 and 32_000 <= self.rate // part <= MAX_RATE:
                return self.rate // part
        return MAX_RATE

    def at_rate(self, rate: int) -> Callable[[int, int], NDArray[np.int16]]:
        """Return `read(first, last)` of the used channels as (n, channels) int16 at `rate` Hz."""
        used = list(self.used)
        if rate == self.rate:
            return lambda first, last: int16(self.read(first, last)[:, used])
        shared = gcd(rate, self.rate)

        def render(start_s: int, stop_s: int) -> NDArray[np.float32]:
            begin = max(start_s - _MARGIN_S, 0)
            given = self.read(
                begin * self.rate, min((stop_s + _MARGIN_S) * self.rate, self.frames)
            )[:, used]
            wave = signal.resample_poly(given, rate // shared, self.rate // shared, axis=0)
            cut = wave[(start_s - begin) * rate : (stop_s - begin) * rate]
            return np.asarray(cut, np.float32)

        blocks = Blocks(rate, -(-self.frames // self.rate), render, axis=0)
        return lambda first, last: int16(blocks.cut(first, last))

    def frames_at(self, rate: int) -> int:
        """Return the number of samples at `rate` Hz."""
        return self.frames * rate // self.rate


def open_sound(path: Path) -> SoundFile:
    """Open a file that libsndfile or PyAV reads; raises `RecordingError` with the reason."""
    readers = [_through_libsndfile, _through_pyav]
    if path.suffix.lower() in media.MEDIA_SUFFIXES:
        readers.reverse()
    try:
        sound = readers[0](path)
    except RecordingError as error:
        # A suffix may be wrong, and each library reads formats that the other does not.
        try:
            sound = readers[1](path)
        except RecordingError:
            raise error from None
    low, high = FILE_RATES
    if not low <= sound.rate <= high:
        raise RecordingError(f"sample rate is {sound.rate} Hz; expected {low} to {high}")
    if sound.channels > MAX_CHANNELS:
        raise RecordingError(f"has {sound.channels} channels; expected 1 to {MAX_CHANNELS}")
    if not sound.frames:
        raise RecordingError("holds no samples")
    # What PyAV decodes is decoded from the beginning on.
    coded = sound.start is not None or path.suffix.lower() in media.MEDIA_SUFFIXES
    looked_at = min(sound.frames, _CODED_S * sound.rate) if coded else sound.frames
    kept = distinct_channels(sound.channels, looked_at, sound.rate, sound.read)
    if kept.why_unusable is not None:
        raise RecordingError(kept.why_unusable)
    return replace(sound, kept=kept)


def _through_libsndfile(path: Path) -> SoundFile:
    file = SndFile(path)
    stated = file.stated if file.stated > file.frames else None
    return SoundFile(path, file.rate, file.channels, file.frames, file.read, stated=stated)


def _through_pyav(path: Path) -> SoundFile:
    opened = media.open_media(path)
    return SoundFile(path, opened.rate, opened.channels, opened.frames, opened.read, opened.start)
