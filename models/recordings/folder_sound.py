"""The sound of a folder: WAV and FLAC files, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from models.recordings.distinct_channels import Channels, distinct_channels
from models.recordings.folder_report import ReadReport, UnusableFileError
from models.recordings.folder_times import begin
from models.recordings.imports.timeline import MAX_TRIM_NS
from models.recordings.named_times import named_ns
from models.recordings.protocol import AudioChunk, cuts, sample_time_ns
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

SAMPLE_RATES = (8_000, 48_000)
CHANNELS = (1, 2, 4)


@dataclass(frozen=True)
class _Sound:
    """The `frames` samples of a file that follow its first `skipped`, from `start_ns` on."""

    path: Path
    start_ns: int
    frames: int
    used: tuple[int, ...]
    skipped: int = 0


class FolderSound:
    """The sound files of a folder, of one rate and number of channels; None if there is none.

    Unusable files are in `report`. `start_ns` is the recording's start.
    """

    def __init__(self, paths: list[Path], start_ns: int, report: ReadReport) -> None:
        self._start_ns = start_ns
        self._report = report
        self.sample_rate: int | None = None
        self.channels: int | None = None
        self.files = self._find(paths)

    @property
    def begins_ns(self) -> list[int]:
        """When each file begins."""
        return [file.start_ns for file in self.files]

    @property
    def ends_ns(self) -> list[int]:
        """When each file ends."""
        rate = self.sample_rate or 1
        return [sample_time_ns(file.start_ns, file.frames, rate) for file in self.files]

    def chunks(self, chunk_s: float, start_s: float) -> Iterator[AudioChunk]:
        """Yield (n, channels) int16; no chunk spans two files."""
        rate = self.sample_rate
        if rate is None:
            return
        for sound in self.files:
            try:
                yield from self._chunks_of(sound, rate, chunk_s, start_s)
            except (soundfile.LibsndfileError, OSError, UnusableFileError) as error:
                self._report.skipped.append((sound.path, f"breaks off: {error}"))

    def _chunks_of(
        self, sound: _Sound, rate: int, chunk_s: float, start_s: float
    ) -> Iterator[AudioChunk]:
        skip = max(0.0, start_s - (sound.start_ns - self._start_ns) / NS)
        with soundfile.SoundFile(sound.path) as file:
            for first, last in cuts(sound.frames, rate, chunk_s, skip):
                if file.tell() != sound.skipped + first:
                    file.seek(sound.skipped + first)
                samples = _int16(file, last - first)[:, list(sound.used)]
                if len(samples):
                    yield AudioChunk(sample_time_ns(sound.start_ns, first, rate), samples)
                if len(samples) < last - first:
                    read = sound.skipped + first + len(samples)
                    raise UnusableFileError(f"ends after {read} samples")

    def _find(self, paths: list[Path]) -> list[_Sound]:
        sounds: list[_Sound] = []
        next_ns = self._start_ns
        for path in sorted(
            paths, key=lambda p: (named_ns(p) is not None, named_ns(p) or 0, p.name)
        ):
            try:
                info, kept = _sound_info(path, self.sample_rate, self.channels)
                start_ns = named_ns(path)
                begin_ns, early_ns = begin(
                    next_ns if start_ns is None else start_ns, next_ns, first=not sounds
                )
                sound = _trimmed(path, begin_ns, early_ns, info, kept.used)
            except (UnusableFileError, soundfile.LibsndfileError, OSError) as error:
                self._report.skipped.append((path, str(error)))
                continue
            self._report.warnings += [(path, note) for note in kept.notes]
            self.sample_rate, self.channels = info.samplerate, len(kept.used)
            sounds.append(sound)
            next_ns = sample_time_ns(sound.start_ns, sound.frames, info.samplerate)
        return sounds


def _trimmed(path: Path, start_ns: int, early_ns: int, info: Any, used: tuple[int, ...]) -> _Sound:
    """Return a file from `start_ns` on without its first `early_ns`, which are heard already."""
    skipped = -(-early_ns * info.samplerate // NS)
    if skipped > MAX_TRIM_NS * info.samplerate // NS or skipped >= info.frames:
        raise UnusableFileError(f"starts {early_ns / NS:.3f} s before the sound before it ends")
    start_ns = sample_time_ns(start_ns, skipped, info.samplerate)
    return _Sound(path, start_ns, info.frames - skipped, used, skipped)


def _sound_info(path: Path, rate: int | None, channels: int | None) -> tuple[Any, Channels]:
    info = soundfile.info(path)
    low, high = SAMPLE_RATES
    if not low <= info.samplerate <= high:
        raise UnusableFileError(f"sample rate is {info.samplerate} Hz; expected {low} to {high}")
    if info.channels not in CHANNELS:
        raise UnusableFileError(f"has {info.channels} channels; expected 1, 2 or 4")
    if info.frames == 0:
        raise UnusableFileError("holds no samples")
    kept = _distinct(path, info)
    if kept.why_unusable is not None:
        raise UnusableFileError(kept.why_unusable)
    if channels == info.channels:
        # An ear that is silent for a while is still one.
        kept = replace(kept, used=tuple(range(info.channels)), note=None)
    count = len(kept.used)
    if rate is not None and (info.samplerate, count) != (rate, channels):
        raise UnusableFileError(
            f"has {count} channel{'' if count == 1 else 's'} at {info.samplerate} Hz; the files "
            f"before it have {channels} at {rate}"
        )
    return info, kept


def _distinct(path: Path, info: Any) -> Channels:
    with soundfile.SoundFile(path) as file:

        def read(first: int, last: int) -> NDArray[np.float32]:
            file.seek(first)
            return np.asarray(file.read(last - first, dtype="float32", always_2d=True), np.float32)

        return distinct_channels(info.channels, info.frames, info.samplerate, read)


def _int16(file: Any, n: int) -> NDArray[np.int16]:
    if file.subtype.startswith("PCM"):
        return np.asarray(file.read(n, dtype="int16", always_2d=True), np.int16)
    # libsndfile does not scale floating point sound when it is read as integers.
    wave = file.read(n, dtype="float32", always_2d=True)
    return np.asarray(np.round(np.clip(np.nan_to_num(wave), -1, 1) * 32_767), np.int16)
