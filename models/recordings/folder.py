"""A plain folder as a recording: WAV or FLAC sound, CSV motion, optional truth.

- **Sound**: any number of `.wav` and `.flac` files of one rate and channel count, by name. A file
  named `YYYY-mm-ddTHH-MM-SS[.mmm]Z` starts at that time, any other where the one before it ended
  (the first at the recording's start).
- **Motion**: `.csv` files of any maker that `models.recordings.imports.motion` reads: a header with
  `time_s`, `acc_x_m_s2` or `acc_x_g` and so on, or the maker's own. Times count from 1970, or else
  from the time in the file's name, or else from the recording's start. A hole starts a new stretch;
  a bad row is left out and counted.
- **Truth** (optional): `truth.csv` with `start_s,end_s,kind,label,region` from the start.
- **Who and when** (optional): `recording.json` with `device_id`, `session_id`, `start` (ISO
  8601 with a zone) and `position` (one of `schemas.POSITIONS`). Without a start the earliest file
  name's time counts, else a fixed one.

A file that cannot be used is skipped and named in the report; `RecordingError` is raised when
nothing can be used.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from models.recordings.imports.motion import MotionFile, motion_groups, read_motion
from models.recordings.protocol import (
    EPOCH_START_NS,
    AudioChunk,
    ImuChunk,
    RecordingError,
    TruthSpan,
    cuts,
    sample_time_ns,
)
from models.recordings.skipped_rows import by_kind
from models.recordings.truth import TRUTH_NAME, read_truth
from schemas.event_time import ns_of, why_refused
from schemas.frames import NS, Modality
from schemas.ids import id_from
from schemas.position import Position, position_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

SAMPLE_RATES = (8_000, 48_000)
CHANNELS = (1, 2, 4)

_TIME = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d)(\.\d{1,3})?Z$")


class UnusableFileError(ValueError):
    """A file of a folder cannot be used; the text is the reason in the report."""


@dataclass
class ReadReport:
    """Skipped files and rows, and warnings.

    `skipped` and `warnings` are (path, text) of files; `rows_left_out` counts rows of motion by
    kind, and `examples` names the first of them by line.
    """

    skipped: list[tuple[Path, str]] = field(default_factory=list)
    warnings: list[tuple[Path, str]] = field(default_factory=list)
    rows_left_out: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    def motion(self, motion: MotionFile) -> None:
        """Add the report of a motion file."""
        self.warnings += [(motion.path, text) for text in motion.warnings]
        for kind, count in motion.rows_left_out.items():
            self.rows_left_out[kind] = self.rows_left_out.get(kind, 0) + count
        self.examples += motion.named_examples(motion.path.name)

    def lines(self) -> list[str]:
        """Return a line for each file and one for the rows."""
        lines = [f"skipped {path}: {reason}" for path, reason in self.skipped]
        lines += [f"{path.name}: {text}" for path, text in self.warnings]
        if self.rows_left_out:
            total = sum(self.rows_left_out.values())
            rows = f"{total} row{'' if total == 1 else 's'} left out"
            lines.append(f"{rows}: {by_kind(self.rows_left_out, self.examples)}")
        return lines

    def __str__(self) -> str:
        return "; ".join(f"{path.name}: {reason}" for path, reason in self.skipped)


@dataclass(frozen=True)
class _MotionStretch:
    """Motion without a hole from `start_ns` on: (n, 6) float32 in m/s² and rad/s."""

    start_ns: int
    rate: float
    values: NDArray[np.float32] = field(repr=False)

    @property
    def end_ns(self) -> int:
        return sample_time_ns(self.start_ns, len(self.values), self.rate)


@dataclass(frozen=True)
class _Sound:
    path: Path
    start_ns: int
    frames: int


class FolderRecording:
    """The files of one folder; `report` names what was skipped, also while iterating."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise RecordingError(f"recording folder {str(folder)!r} does not exist")
        self.report = ReadReport()
        about = self._about(folder)
        sound_paths = self._plausible(
            path for path in folder.iterdir() if path.suffix.lower() in (".wav", ".flac")
        )
        motion_paths = self._plausible(
            path
            for path in folder.iterdir()
            if path.suffix.lower() == ".csv" and path.name != TRUTH_NAME
        )
        motion = self._read_motion(motion_paths)
        self.start_ns = _start(about, [*sound_paths, *motion_paths], motion)
        self.sample_rate: int | None = None
        self.channels: int | None = None
        self.imu_rate: float | None = None
        self._sounds = self._find_sounds(sound_paths)
        self._stretches = self._find_stretches(motion)
        if not self._sounds and not self._stretches:
            why = f" ({self.report})" if self.report.skipped else ""
            raise RecordingError(
                f"recording folder {str(folder)!r} has no readable .wav, .flac or .csv file{why}"
            )
        self.name = id_from(folder.resolve().name, "folder")
        session = about.get("session_id", f"{self.name}-{self.start_ns // NS}")
        self.device_id = id_from(str(about.get("device_id", self.name)), "folder")
        self.session_id = id_from(str(session), "folder")
        self.position = self._position(about)
        streams: list[Modality] = []
        if self._sounds:
            streams.append("audio")
        if self._stretches:
            streams.append("imu")
        self.streams = tuple(streams)
        self.duration_s = (self._end_ns() - self.start_ns) / NS
        self._truth = self._read_truth(folder / TRUTH_NAME)

    def _plausible(self, paths: Iterable[Path]) -> list[Path]:
        """Return the files in order of their names, without those named by an impossible time."""
        kept = []
        for path in sorted(paths):
            named_ns = _named_ns(path)
            refusal = why_refused(named_ns, time.time_ns()) if named_ns is not None else None
            if refusal is None:
                kept.append(path)
            else:
                self.report.skipped.append((path, refusal))
        return kept

    def audio(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[AudioChunk]:
        """Yield (n, channels) int16; no chunk spans two files."""
        rate = self.sample_rate
        if rate is None:
            return
        for sound in self._sounds:
            try:
                with soundfile.SoundFile(sound.path) as file:
                    skip = max(0.0, start_s - (sound.start_ns - self.start_ns) / NS)
                    for first, last in cuts(sound.frames, rate, chunk_s, skip):
                        if file.tell() != first:
                            file.seek(first)
                        samples = _int16(file, last - first)
                        if len(samples):
                            time_ns = sample_time_ns(sound.start_ns, first, rate)
                            yield AudioChunk(time_ns, samples)
                        if len(samples) < last - first:
                            raise UnusableFileError(f"ends after {first + len(samples)} samples")
            except (soundfile.LibsndfileError, OSError, UnusableFileError) as error:
                self.report.skipped.append((sound.path, f"breaks off: {error}"))

    def imu(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[ImuChunk]:
        """Yield acc and gyro, (n, 3) float32 each; no chunk spans a hole."""
        for stretch in self._stretches:
            skip = max(0.0, start_s - (stretch.start_ns - self.start_ns) / NS)
            for first, last in cuts(len(stretch.values), stretch.rate, chunk_s, skip):
                rows = stretch.values[first:last]
                time_ns = sample_time_ns(stretch.start_ns, first, stretch.rate)
                yield ImuChunk(time_ns, rows[:, :3].copy(), rows[:, 3:].copy())

    def truth(self) -> Sequence[TruthSpan]:
        """Return the spans of truth.csv."""
        return self._truth

    def _about(self, folder: Path) -> dict[str, Any]:
        path = folder / "recording.json"
        if not path.is_file():
            return {}
        try:
            about = json.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as error:
            self.report.skipped.append((path, f"is not JSON: {error}"))
            return {}
        if not isinstance(about, dict):
            self.report.skipped.append((path, "is not a JSON object"))
            return {}
        return about

    def _position(self, about: dict[str, Any]) -> Position | None:
        if about.get("position") is None:
            return None
        try:
            return position_named(str(about["position"]))
        except ValueError as error:
            raise RecordingError(f"recording.json {error}") from error

    def _find_sounds(self, paths: list[Path]) -> list[_Sound]:
        sounds: list[_Sound] = []
        next_ns = self.start_ns
        for path in sorted(
            paths, key=lambda p: (_named_ns(p) is not None, _named_ns(p) or 0, p.name)
        ):
            try:
                info = _sound_info(path, self.sample_rate, self.channels)
                start_ns = _named_ns(path)
                start_ns = next_ns if start_ns is None else start_ns
                if start_ns < next_ns:
                    raise UnusableFileError(
                        f"starts {(next_ns - start_ns) / NS:.3f} s before the sound before it ends"
                    )
            except (UnusableFileError, soundfile.LibsndfileError, OSError) as error:
                self.report.skipped.append((path, str(error)))
                continue
            self.sample_rate, self.channels = info.samplerate, info.channels
            sounds.append(_Sound(path, start_ns, info.frames))
            next_ns = sample_time_ns(start_ns, info.frames, info.samplerate)
        return sounds

    def _read_motion(self, paths: list[Path]) -> list[MotionFile]:
        motion_files: list[MotionFile] = []
        groups, unused = motion_groups(paths)
        self.report.skipped += unused
        known = {path for group in groups for path in group.files} | {path for path, _ in unused}
        # Unrecognised files are read as well, to report the reason.
        for files in [group.files for group in groups] + [(p,) for p in paths if p not in known]:
            try:
                motion = read_motion(files[0], files[1:])
            except RecordingError as error:
                reason = str(error).removeprefix(f"{files[0].name} ")
                self.report.skipped.append((files[0], reason))
                continue
            motion_files.append(motion)
        return motion_files

    def _find_stretches(self, files: list[MotionFile]) -> list[_MotionStretch]:
        stretches: list[_MotionStretch] = []
        last_ns = self.start_ns

        def base_ns(motion: MotionFile) -> int:
            if motion.start_ns is not None:
                return motion.start_ns
            return (_named_ns(motion.path) or self.start_ns) + motion.first_ns

        for motion in sorted(files, key=lambda m: (base_ns(m), m.path.name)):
            rate = motion.rate_hz
            begin_ns = base_ns(motion) + motion.stretches[0].offset_ns
            # Rounded rates may let neighbours touch.
            early_ns = last_ns - begin_ns if last_ns - begin_ns > NS / rate else 0
            try:
                if self.imu_rate is not None and abs(rate - self.imu_rate) > 0.01 * rate:
                    raise UnusableFileError(
                        f"rate is {rate:g} Hz; the files before it have {self.imu_rate:g}"
                    )
                if early_ns:
                    raise UnusableFileError(
                        f"starts {early_ns / NS:.3f} s before the motion before it ends"
                    )
            except UnusableFileError as error:
                self.report.skipped.append((motion.path, str(error)))
                continue
            self.imu_rate = self.imu_rate or rate
            self.report.motion(motion)
            for stretch in motion.stretches:
                start_ns = max(last_ns, base_ns(motion) + stretch.offset_ns)
                stretches.append(_MotionStretch(start_ns, self.imu_rate, stretch.values))
                last_ns = stretches[-1].end_ns
        return stretches

    def _end_ns(self) -> int:
        ends = [
            sample_time_ns(s.start_ns, s.frames, self.sample_rate or 1) for s in self._sounds
        ] + [s.end_ns for s in self._stretches]
        return max(ends)

    def _read_truth(self, path: Path) -> tuple[TruthSpan, ...]:
        if not path.is_file():
            return ()
        try:
            return tuple(read_truth(path, self.start_ns))
        except RecordingError as error:
            self.report.skipped.append((path, str(error)))
            return ()


def open_folder(folder: Path) -> FolderRecording:
    """Open a folder; raises `RecordingError` when nothing in it can be read."""
    return FolderRecording(folder)


def _named_ns(path: Path) -> int | None:
    match = _TIME.match(path.stem)
    if match is None:
        return None
    try:
        second = datetime.strptime(match[1], "%Y-%m-%dT%H-%M-%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    millis = round(float(match[2] or 0) * 1000)
    return int(second.timestamp()) * NS + millis * 1_000_000


def _start(about: dict[str, Any], paths: list[Path], motion: list[MotionFile]) -> int:
    if "start" in about:
        try:
            start = datetime.fromisoformat(str(about["start"]))
        except ValueError as error:
            raise RecordingError(
                f"recording.json start is {about['start']!r}; expected ISO 8601 as "
                "2026-03-02T08:00:00Z"
            ) from error
        if start.tzinfo is None:
            raise RecordingError(
                f"recording.json start is {about['start']!r}; it must name its zone, as in ...Z"
            )
        start_ns = ns_of(start)
        refusal = why_refused(start_ns, time.time_ns())
        if refusal is not None:
            raise RecordingError(f"recording.json start {about['start']} {refusal}")
        return start_ns
    named = [time for time in map(_named_ns, paths) if time is not None]
    named += [one.start_ns for one in motion if one.start_ns is not None]
    return min(named, default=EPOCH_START_NS)


def _sound_info(path: Path, rate: int | None, channels: int | None) -> Any:
    info = soundfile.info(path)
    low, high = SAMPLE_RATES
    if not low <= info.samplerate <= high:
        raise UnusableFileError(f"sample rate is {info.samplerate} Hz; expected {low} to {high}")
    if info.channels not in CHANNELS:
        raise UnusableFileError(f"has {info.channels} channels; expected 1, 2 or 4")
    if rate is not None and (info.samplerate, info.channels) != (rate, channels):
        raise UnusableFileError(
            f"has {info.channels} channels at {info.samplerate} Hz; the files before it have "
            f"{channels} at {rate}"
        )
    if info.frames == 0:
        raise UnusableFileError("holds no samples")
    return info


def _int16(file: Any, n: int) -> NDArray[np.int16]:
    if file.subtype.startswith("PCM"):
        return np.asarray(file.read(n, dtype="int16", always_2d=True), np.int16)
    # libsndfile does not scale floating point sound when it is read as integers.
    wave = file.read(n, dtype="float32", always_2d=True)
    return np.asarray(np.round(np.clip(np.nan_to_num(wave), -1, 1) * 32_767), np.int16)
