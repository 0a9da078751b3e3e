"""A plain folder as a recording: WAV or FLAC sound, CSV motion, optional truth.

- **Sound**: any number of `.wav` and `.flac` files of one rate and channel count, by name. A file
  named `YYYY-mm-ddTHH-MM-SS[.mmm]Z` starts at that time, any other where the one before it ended
  (the first at the recording's start).
- **Motion**: `.csv` files with a header `time_s`, three accelerometer columns `acc_x_UNIT` to
  `acc_z_UNIT` (UNIT `m_s2` or `g`) and three of the gyroscope `gyro_x_UNIT` to `gyro_z_UNIT`
  (`rad_s` or `deg_s`). `time_s` counts from the time in the file's name, else from the recording's
  start. Samples are taken to be regular; a hole of more than 1.5 periods starts a new stretch.
- **Truth** (optional): `truth.csv` with `start_s,end_s,kind,label,region` from the start.
- **Who and when** (optional): `recording.json` with `device_id`, `session_id` and `start` (ISO
  8601 with a zone). Without a start the earliest file name's time counts, else a fixed one.

A file that cannot be used is skipped and named in the report; `RecordingError` is raised when
nothing can be used.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from models.recordings.formats.motion_csv import (
    MotionSegment,
    Rows,
    UnusableFileError,
    rate_of,
    stretches_of,
    times_of,
)
from models.recordings.protocol import (
    EPOCH_START_NS,
    TRUTH_KINDS,
    AudioChunk,
    ImuChunk,
    RecordingError,
    TruthSpan,
    cuts,
    sample_time_ns,
)
from schemas.evidence import REGIONS
from schemas.frames import NS, Modality

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

SAMPLE_RATES = (8_000, 48_000)
CHANNELS = (1, 2, 4)

_TIME = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d)(\.\d{1,3})?Z$")


@dataclass
class ReadReport:
    """What was left out: (path, reason) of each skipped file."""

    skipped: list[tuple[Path, str]] = field(default_factory=list)

    def __str__(self) -> str:
        return "; ".join(f"{path.name}: {reason}" for path, reason in self.skipped)


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
        sound_paths = sorted(
            path for path in folder.iterdir() if path.suffix.lower() in (".wav", ".flac")
        )
        motion_paths = sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() == ".csv" and path.name != "truth.csv"
        )
        self.start_ns = _start(about, [*sound_paths, *motion_paths])
        self.sample_rate: int | None = None
        self.channels: int | None = None
        self.imu_rate: float | None = None
        self._sounds = self._find_sounds(sound_paths)
        self._stretches = self._find_stretches(motion_paths)
        if not self._sounds and not self._stretches:
            why = f" ({self.report})" if self.report.skipped else ""
            raise RecordingError(
                f"recording folder {str(folder)!r} has no readable .wav, .flac or .csv file{why}"
            )
        self.name = _safe(folder.resolve().name)
        self.device_id = _safe(str(about.get("device_id", self.name)))
        self.session_id = _safe(str(about.get("session_id", f"{self.name}-{self.start_ns // NS}")))
        streams: list[Modality] = []
        if self._sounds:
            streams.append("audio")
        if self._stretches:
            streams.append("imu")
        self.streams = tuple(streams)
        self.duration_s = (self._end_ns() - self.start_ns) / NS
        self._truth = self._read_truth(folder / "truth.csv")

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
        rate = self.imu_rate
        if rate is None:
            return
        for stretch in self._stretches:
            skip = max(0.0, start_s - (stretch.start_ns - self.start_ns) / NS)
            reader = Rows(stretch.path, stretch.first_row)
            try:
                for first, last in cuts(stretch.rows, rate, chunk_s, skip):
                    rows = reader.take(stretch.first_row + first, stretch.first_row + last)
                    acc, gyro = rows[:, 1:4].astype(np.float32), rows[:, 4:].astype(np.float32)
                    time_ns = sample_time_ns(stretch.start_ns, first, rate)
                    yield ImuChunk(time_ns, acc, gyro)
            except (UnusableFileError, OSError, UnicodeDecodeError) as error:
                self.report.skipped.append((stretch.path, f"breaks off: {error}"))

    def truth(self) -> Sequence[TruthSpan]:
        """Return the spans of truth.csv."""
        return self._truth

    def _about(self, folder: Path) -> dict[str, Any]:
        path = folder / "recording.json"
        if not path.is_file():
            return {}
        try:
            about = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            self.report.skipped.append((path, f"is not JSON: {error}"))
            return {}
        if not isinstance(about, dict):
            self.report.skipped.append((path, "is not a JSON object"))
            return {}
        return about

    def _find_sounds(self, paths: list[Path]) -> list[_Sound]:
        found: list[_Sound] = []
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
            found.append(_Sound(path, start_ns, info.frames))
            next_ns = sample_time_ns(start_ns, info.frames, info.samplerate)
        return found

    def _find_stretches(self, paths: list[Path]) -> list[MotionSegment]:
        found: list[MotionSegment] = []
        last_ns = self.start_ns
        for path in sorted(paths, key=lambda p: (_named_ns(p) or self.start_ns, p.name)):
            try:
                times = times_of(path)
                rate = rate_of(times)
                if self.imu_rate is not None and abs(rate - self.imu_rate) > 0.01 * rate:
                    raise UnusableFileError(
                        f"rate is {rate:g} Hz; the files before it have {self.imu_rate:g}"
                    )
                rate = self.imu_rate or rate
                base_ns = _named_ns(path) or self.start_ns
                stretches = list(stretches_of(path, times, rate, base_ns))
                if stretches[0].start_ns < last_ns:
                    raise UnusableFileError(
                        f"starts {(last_ns - stretches[0].start_ns) / NS:.3f} s before the motion "
                        "before it ends"
                    )
            except (UnusableFileError, OSError, UnicodeDecodeError, csv.Error) as error:
                self.report.skipped.append((path, str(error)))
                continue
            self.imu_rate = rate
            found += stretches
            last_ns = sample_time_ns(stretches[-1].start_ns, stretches[-1].rows, rate)
        return found

    def _end_ns(self) -> int:
        ends = [
            sample_time_ns(s.start_ns, s.frames, self.sample_rate or 1) for s in self._sounds
        ] + [sample_time_ns(s.start_ns, s.rows, self.imu_rate or 1) for s in self._stretches]
        return max(ends)

    def _read_truth(self, path: Path) -> tuple[TruthSpan, ...]:
        if not path.is_file():
            return ()
        try:
            with path.open(newline="", encoding="utf-8") as file:
                spans = [self._span(row) for row in csv.DictReader(file)]
        except (UnusableFileError, OSError, UnicodeDecodeError, csv.Error) as error:
            self.report.skipped.append((path, str(error)))
            return ()
        return tuple(sorted(spans, key=lambda s: (s.start_ns, s.end_ns)))

    def _span(self, row: dict[str, str]) -> TruthSpan:
        kind = next((k for k in TRUTH_KINDS if k == row.get("kind")), None)
        if kind is None:
            raise UnusableFileError(
                f"kind is {row.get('kind')!r}; expected one of {', '.join(TRUTH_KINDS)}"
            )
        region = row.get("region") or None
        if region is not None and region not in REGIONS:
            raise UnusableFileError(f"region is {region!r}; expected one of {', '.join(REGIONS)}")
        if not row.get("label"):
            raise UnusableFileError("label is empty; expected a name")
        try:
            start, end = float(row["start_s"]), float(row["end_s"])
        except (KeyError, TypeError, ValueError) as error:
            raise UnusableFileError(f"start_s or end_s is no number: {error}") from error
        if not 0 <= start < end < np.inf:
            raise UnusableFileError(f"span is {start} to {end} s; expected 0 <= start_s < end_s")
        return TruthSpan(
            self.start_ns + round(start * NS),
            self.start_ns + round(end * NS),
            kind,
            row["label"],
            region,
        )


def open_folder(folder: Path) -> FolderRecording:
    """Open a folder; raises `RecordingError` when nothing in it can be read."""
    return FolderRecording(folder)


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._:-]+", "-", name)[:64] or "folder"


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


def _start(about: dict[str, Any], paths: list[Path]) -> int:
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
        whole = int(start.replace(microsecond=0).timestamp())
        return whole * NS + start.microsecond * 1_000
    named = [time for time in map(_named_ns, paths) if time is not None]
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
