"""The motion of a folder: CSV files of any maker, in stretches without a hole."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from models.recordings.folder_report import ReadReport, UnusableFileError
from models.recordings.folder_times import begin
from models.recordings.imports.motion import MotionFile, motion_groups, read_motion
from models.recordings.imports.running_clocks import running_clocks
from models.recordings.imports.timeline import MAX_LEAD_NS, MAX_TRIM_NS
from models.recordings.named_times import named_ns
from models.recordings.protocol import ImuChunk, RecordingError, cuts, sample_time_ns
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

_PLACED = "its first row is at {:.3f} s of a clock of its own: taken to be at {}"
_AT_NAME, _AT_START = "the time in the file's name", "the start of the recording"


@dataclass(frozen=True)
class _Stretch:
    """Motion without a hole from `start_ns` on: (n, 6) float32 in m/s² and rad/s."""

    start_ns: int
    rate: float
    values: NDArray[np.float32] = field(repr=False)

    @property
    def end_ns(self) -> int:
        """When it ends."""
        return sample_time_ns(self.start_ns, len(self.values), self.rate)


class FolderMotion:
    """The motion of a folder in stretches of one rate; None if there is none.

    Unusable files are in `report`. `start_ns` is the recording's start.
    """

    def __init__(self, files: list[MotionFile], start_ns: int, report: ReadReport) -> None:
        self._start_ns = start_ns
        self._report = report
        self.imu_rate: float | None = None
        firsts_ns = [file.first_ns for file in files if not _is_dated(file)]
        # Files without a name may go on with one clock, which began with the device.
        first_ns = min(firsts_ns, default=0)
        self._clock_ns = first_ns if first_ns > MAX_LEAD_NS else 0
        self._began = running_clocks(
            {
                file.path: (named, file.first_ns)
                for file in files
                if file.start_ns is None and (named := named_ns(file.path)) is not None
            }
        )
        self.stretches = self._find(files)

    def chunks(self, chunk_s: float, start_s: float) -> Iterator[ImuChunk]:
        """Yield acc and gyro, (n, 3) float32 each; no chunk spans a hole."""
        for stretch in self.stretches:
            skip = max(0.0, start_s - (stretch.start_ns - self._start_ns) / NS)
            for first, last in cuts(len(stretch.values), stretch.rate, chunk_s, skip):
                rows = stretch.values[first:last]
                time_ns = sample_time_ns(stretch.start_ns, first, stretch.rate)
                yield ImuChunk.of_rows(time_ns, rows)

    @property
    def begins_ns(self) -> list[int]:
        """When each stretch begins."""
        return [stretch.start_ns for stretch in self.stretches]

    @property
    def ends_ns(self) -> list[int]:
        """When each stretch ends."""
        return [stretch.end_ns for stretch in self.stretches]

    def _find(self, files: list[MotionFile]) -> list[_Stretch]:
        stretches: list[_Stretch] = []
        last_ns = self._start_ns
        for motion in sorted(files, key=lambda m: (self._base_ns(m), m.path.name)):
            rate = motion.rate_hz
            offset_ns = motion.stretches[0].offset_ns
            try:
                if self.imu_rate is not None and abs(rate - self.imu_rate) > 0.01 * rate:
                    raise UnusableFileError(
                        f"rate is {rate:g} Hz; the files before it have {self.imu_rate:g}"
                    )
                begin_ns, early_ns = begin(
                    self._base_ns(motion) + offset_ns, last_ns, first=not stretches
                )
                rows = _rows_before(early_ns, motion)
            except UnusableFileError as error:
                self._report.skipped.append((motion.path, str(error)))
                continue
            self.imu_rate = self.imu_rate or rate
            self._report.motion(motion)
            if motion.path not in self._began and _has_its_own_clock(motion):
                self._report.warnings.append((motion.path, _placed(motion, _AT_NAME)))
            elif not stretches and not _is_dated(motion) and self._clock_ns:
                self._report.warnings.append((motion.path, _placed(motion, _AT_START)))
            for stretch in motion.stretches:
                start_ns = begin_ns - offset_ns + stretch.offset_ns + round(rows * NS / rate)
                values = stretch.values[rows:]
                stretches.append(_Stretch(max(last_ns, start_ns), self.imu_rate, values))
                last_ns = stretches[-1].end_ns
                rows = 0
        return stretches

    def _base_ns(self, motion: MotionFile) -> int:
        """Return the time that the rows of a file count from."""
        if motion.start_ns is not None:
            return motion.start_ns
        if motion.path in self._began:
            return self._began[motion.path] + motion.first_ns
        named = named_ns(motion.path)
        if named is None:
            return self._start_ns + motion.first_ns - self._clock_ns
        return named if _has_its_own_clock(motion) else named + motion.first_ns


def _is_dated(motion: MotionFile) -> bool:
    return motion.start_ns is not None or named_ns(motion.path) is not None


def _has_its_own_clock(motion: MotionFile) -> bool:
    """Return whether rows count from elsewhere than the time in the name, as times of day do."""
    return motion.start_ns is None and _is_dated(motion) and motion.first_ns > MAX_LEAD_NS


def _placed(motion: MotionFile, where: str) -> str:
    return _PLACED.format(motion.first_ns / NS, where)


def _rows_before(early_ns: int, motion: MotionFile) -> int:
    """Return how many of the first rows of a file have others in their place already."""
    # Rounded rates may let neighbours touch.
    if early_ns <= NS / motion.rate_hz:
        return 0
    rows = math.ceil(early_ns * motion.rate_hz / NS)
    if early_ns > MAX_TRIM_NS or rows >= len(motion.stretches[0].values):
        raise UnusableFileError(f"starts {early_ns / NS:.3f} s before the motion before it ends")
    return rows


def read_motion_files(paths: list[Path], report: ReadReport) -> list[MotionFile]:
    """Return the files with motion; the others are in `report`."""
    motion_files: list[MotionFile] = []
    groups, unused = motion_groups(paths)
    report.skipped += unused
    known = {path for group in groups for path in group.files} | {path for path, _ in unused}
    # Unrecognised files are read as well, to report the reason.
    for files in [group.files for group in groups] + [(p,) for p in paths if p not in known]:
        try:
            motion = read_motion(files[0], files[1:])
        except RecordingError as error:
            reason = str(error).removeprefix(f"{files[0].name} ")
            report.skipped.append((files[0], reason))
            continue
        motion_files.append(motion)
    return motion_files
