"""A plain folder as a recording: WAV or FLAC sound, CSV motion, optional truth.

- **Sound**: any number of `.wav` and `.flac` files of one rate and channel count, without silent
  channels and copies, by name. A file named `YYYY-mm-ddTHH-MM-SS[.mmm]Z` starts at that time, any
  other where the one before it ended (the first at the recording's start). Names are of whole
  seconds where recorders leave out the rest: up to 0.5 s that are in the file before already are
  trimmed.
- **Motion**: `.csv` files of any maker that `models.recordings.imports.motion` reads: a header with
  `time_s`, `acc_x_m_s2` or `acc_x_g` and so on, or the maker's own. Times count from 1970, or else
  from the time in the file's name, or else from the recording's start. Rows that begin
  more than a minute after the time in the name have a clock of their own: the first is at that
  time, or, where one clock runs on through the files, where it says. A hole starts a new stretch;
  a bad row is left out and counted.
- **Truth** (optional): `truth.csv` with `start_s,end_s,kind,label,region` from the start.
- **Who and when** (optional): `recording.json` with `device_id`, `session_id`, `start` (ISO
  8601 with a zone) and `position` (one of `schemas.POSITIONS`). Without a start the earliest file
  name's time counts, else a fixed one.

A file that cannot be used is skipped and named in the report, as is what only `import:` reads;
`RecordingError` is raised when nothing can be used.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from models.recordings.folder_motion import FolderMotion, read_motion_files
from models.recordings.folder_report import ReadReport
from models.recordings.folder_sound import FolderSound
from models.recordings.folder_unread import SOUND, unread, unread_times
from models.recordings.named_times import named_ns
from models.recordings.protocol import (
    EPOCH_START_NS,
    AudioChunk,
    ImuChunk,
    RecordingError,
    TruthSpan,
)
from models.recordings.truth import TRUTH_NAME, read_truth
from schemas.event_time import ns_of, why_refused
from schemas.frames import NS, Modality
from schemas.ids import id_from
from schemas.position import Position, position_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from models.recordings.imports.motion import MotionFile


class FolderRecording:
    """The files of one folder; `report` names what was skipped, also while iterating."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise RecordingError(f"recording folder {str(folder)!r} does not exist")
        self.report = ReadReport()
        self.report.skipped += unread(folder)
        about = self._about(folder)
        sound_paths = self._plausible(
            path for path in folder.iterdir() if path.suffix.lower() in SOUND
        )
        motion_paths = self._plausible(
            path
            for path in folder.iterdir()
            if path.suffix.lower() == ".csv" and path.name != TRUTH_NAME
        )
        motion = read_motion_files(motion_paths, self.report)
        dated = {
            path for one in motion if one.start_ns is not None for path in one.parts or (one.path,)
        }
        if "start" not in about:
            undated = (path for path in (*sound_paths, *motion_paths) if path not in dated)
            self.report.warnings += unread_times(undated)
        self.start_ns = _start(about, [*sound_paths, *motion_paths], motion)
        self._sound = FolderSound(sound_paths, self.start_ns, self.report)
        self._motion = FolderMotion(motion, self.start_ns, self.report)
        self.sample_rate, self.channels = self._sound.sample_rate, self._sound.channels
        self.imu_rate = self._motion.imu_rate
        if not self._sound.files and not self._motion.stretches:
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
        if self._sound.files:
            streams.append("audio")
        if self._motion.stretches:
            streams.append("imu")
        self.streams = tuple(streams)
        end_ns = max([*self._sound.ends_ns, *self._motion.ends_ns])
        self.duration_s = (end_ns - self.start_ns) / NS
        first_ns = min([*self._sound.begins_ns, *self._motion.begins_ns])
        self._truth = self._read_truth(folder / TRUTH_NAME, first_ns, end_ns)

    def _plausible(self, paths: Iterable[Path]) -> list[Path]:
        """Return the files in order of their names, without those named by an impossible time."""
        kept = []
        for path in sorted(paths):
            time_ns = named_ns(path)
            refusal = why_refused(time_ns, time.time_ns()) if time_ns is not None else None
            if refusal is None:
                kept.append(path)
            else:
                self.report.skipped.append((path, refusal))
        return kept

    def audio(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[AudioChunk]:
        """Yield (n, channels) int16; no chunk spans two files."""
        return self._sound.chunks(chunk_s, start_s)

    def imu(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[ImuChunk]:
        """Yield acc and gyro, (n, 3) float32 each; no chunk spans a hole."""
        return self._motion.chunks(chunk_s, start_s)

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

    def _read_truth(self, path: Path, first_ns: int, end_ns: int) -> tuple[TruthSpan, ...]:
        if not path.is_file():
            return ()
        try:
            spans, bad = read_truth(path, self.start_ns, first_ns, end_ns)
        except RecordingError as error:
            self.report.skipped.append((path, str(error)))
            return ()
        self.report.rows(path, bad)
        return tuple(spans)


def open_folder(folder: Path) -> FolderRecording:
    """Open a folder; raises `RecordingError` when nothing in it can be read."""
    return FolderRecording(folder)


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
    named = [time for time in map(named_ns, paths) if time is not None]
    named += [one.start_ns for one in motion if one.start_ns is not None]
    return min(named, default=EPOCH_START_NS)
