"""An imported recording: segments of sound and of motion of one device, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from models.recordings.protocol import (
    AudioChunk,
    ImuChunk,
    RecordingError,
    TruthSpan,
    cuts,
    sample_time_ns,
)
from models.recordings.report import SetReport
from schemas.frames import NS, Modality
from schemas.ids import id_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import PurePosixPath

    import numpy as np
    from numpy.typing import NDArray

    from models.recordings.imports.scratch import Scratch
    from models.recordings.imports.sound import SoundFile
    from schemas.position import Position

REMEDY = "--start sets the time"
"""The remedy for a wrong clock of the recorder."""


_SHORT_S = 5.0  # an activity's window; a shorter recording fills only part of one
_HOLE_NS = NS // 2  # a window continues over a shorter gap, masked


@dataclass(frozen=True, eq=False)
class SoundSegment:
    """Sound of one file from `start_ns` on; its first `skip_ns` were trimmed.

    `notes` are remarks for the user.
    """

    file: SoundFile
    display_path: PurePosixPath
    start_ns: int
    skip_ns: int = 0
    lead_ns: int = 0
    notes: tuple[str, ...] = ()

    @property
    def end_ns(self) -> int:
        """When it ends."""
        return self.start_ns - self.skip_ns + self.file.frames * NS // self.file.rate


@dataclass(frozen=True, eq=False)
class MotionStretch:
    """Motion without a gap from `start_ns` on: (n, 6) float32 in m/s² and rad/s.

    `trimmed_s` seconds at its beginning were trimmed; the clock of its file was `lead_ns` on at the
    first row.
    """

    display_path: PurePosixPath
    start_ns: int
    rate_hz: float
    values: NDArray[np.float32] = field(repr=False)
    gyroscope: bool = True
    trimmed_s: float = 0.0
    lead_ns: int = 0
    notes: tuple[str, ...] = ()

    @property
    def end_ns(self) -> int:
        """When it ends."""
        return sample_time_ns(self.start_ns, len(self.values), self.rate_hz)


class ImportedRecording:
    """Imported files as a `models.recordings.protocol.Recording`.

    `warnings` list changes and assumptions; `report` gets the files that break off while read.
    `shift_ns` is how far it is moved from the times of its own files, whose clocks begin at
    `zero_ns`.
    """

    def __init__(
        self,
        device_id: str,
        session_id: str | None,
        segments: Sequence[SoundSegment],
        stretches: Sequence[MotionStretch],
        scratch: Scratch | None = None,
    ) -> None:
        self._segments, self._stretches = tuple(segments), tuple(stretches)
        self._items: tuple[SoundSegment | MotionStretch, ...] = (*segments, *stretches)
        self._scratch = scratch  # kept alive, because unpacked files are removed with it
        self.start_ns = min(item.start_ns for item in self._items)
        self.zero_ns = min(item.start_ns - item.lead_ns for item in self._items)
        self.duration_s = (max(item.end_ns for item in self._items) - self.start_ns) / NS
        self.device_id = safe_name(device_id)
        self.session_id = safe_name(session_id or f"{device_id}-{self.start_ns // NS}")
        self.name = safe_name(f"{device_id}-{self.start_ns // NS}")
        self.sample_rate: int | None = None
        self.channels: int | None = None
        self.imu_rate: float | None = None
        streams: list[Modality] = []
        if self._segments:
            self.sample_rate = max(s.file.pipeline_rate for s in self._segments)
            self.channels = len(self._segments[0].file.used)
            streams.append("audio")
        if self._stretches:
            self.imu_rate = self._stretches[0].rate_hz
            streams.append("imu")
        self.streams = tuple(streams)
        self.position: Position | None = None
        self.shift_ns = 0
        self.warnings = self._warnings()
        self._spans: list[TruthSpan] = []
        self.report = SetReport()

    def _warnings(self) -> list[str]:
        warnings = list(dict.fromkeys(note for item in self._items for note in item.notes))
        trimmed_s = sum(segment.skip_ns for segment in self._segments) / NS
        if trimmed_s:
            warnings.append(f"{trimmed_s:.3f} s of overlap between segments of sound trimmed")
        trimmed_s = sum(stretch.trimmed_s for stretch in self._stretches)
        if trimmed_s:
            warnings.append(f"{trimmed_s:.3f} s of overlap between files of motion trimmed")
        lengths_s = self._lasting_s()
        short_s = [length for length in lengths_s if length < _SHORT_S]
        if len(lengths_s) > 1 and short_s:
            warnings.append(
                f"{len(short_s)} of {len(lengths_s)} stretches of motion between holes, "
                f"{sum(short_s):.0f} s, are shorter than the {_SHORT_S:.0f} s of an activity"
            )
        rates = sorted({segment.file.rate for segment in self._segments} - {self.sample_rate})
        if rates:
            given = " and ".join(f"{rate:g}" for rate in rates)
            warnings.append(f"sound of {given} Hz is resampled to {self.sample_rate} Hz")
        return warnings

    def _lasting_s(self) -> list[float]:
        """Return the seconds of motion between gaps that a window cannot bridge."""
        lasting_s: list[float] = []
        last_ns = None
        for stretch in self._stretches:
            if last_ns is None or stretch.start_ns - last_ns > _HOLE_NS:
                lasting_s.append(0.0)
            lasting_s[-1] += len(stretch.values) / stretch.rate_hz
            last_ns = stretch.start_ns + round(len(stretch.values) / stretch.rate_hz * NS)
        return lasting_s

    @property
    def files(self) -> set[PurePosixPath]:
        """Its files, by the user's paths."""
        return {item.display_path for item in self._items}

    @property
    def audio_s(self) -> float:
        """Seconds of sound, without gaps."""
        return sum(segment.end_ns - segment.start_ns for segment in self._segments) / NS

    @property
    def motion_s(self) -> float:
        """Seconds of motion, without gaps."""
        return sum(len(stretch.values) / stretch.rate_hz for stretch in self._stretches)

    @property
    def stretch_count(self) -> int:
        """Segments of motion between gaps."""
        return len(self._stretches)

    @property
    def gyroscope(self) -> bool:
        """Whether all of its motion has rotation; otherwise its three columns are zero."""
        return all(stretch.gyroscope for stretch in self._stretches)

    def audio(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[AudioChunk]:
        """Yield (n, channels) int16; no chunk spans two files."""
        rate = self.sample_rate
        if rate is None:
            return
        for segment in self._segments:
            skip = max(0.0, start_s - (segment.start_ns - self.start_ns) / NS)
            trimmed = segment.skip_ns * rate // NS
            total = segment.file.frames_at(rate) - trimmed
            if skip * rate >= total:
                continue
            read = segment.file.at_rate(rate)
            try:
                for first, last in cuts(total, rate, chunk_s, skip):
                    samples = read(trimmed + first, trimmed + last)
                    if len(samples):
                        yield AudioChunk(sample_time_ns(segment.start_ns, first, rate), samples)
                    if len(samples) < last - first:
                        self._ends_early(segment, first + len(samples), total, rate)
                        break
            except RecordingError as error:
                self.report.skip(Path(segment.display_path), str(error))

    def _ends_early(self, segment: SoundSegment, there: int, total: int, rate: int) -> None:
        # Containers round the length to a packet.
        if total - there > rate // 10:
            reason = f"ends after {there / rate:.2f} s of {total / rate:.2f} s"
            self.report.skip(Path(segment.display_path), reason)

    def imu(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[ImuChunk]:
        """Yield acc and gyro, (n, 3) float32 each; no chunk spans a gap."""
        if self.imu_rate is None:
            return
        for stretch in self._stretches:
            skip = max(0.0, start_s - (stretch.start_ns - self.start_ns) / NS)
            # Rates of two files may differ slightly; all frames have the size of the first file's.
            for first, last in cuts(len(stretch.values), self.imu_rate, chunk_s, skip):
                rows = stretch.values[first:last]
                time_ns = sample_time_ns(stretch.start_ns, first, stretch.rate_hz)
                yield ImuChunk.of_rows(time_ns, rows)

    def truth(self) -> Sequence[TruthSpan]:
        """Return the spans of truth.csv that overlap this recording."""
        return tuple(self._spans)

    def add_truth(self, spans: Sequence[TruthSpan]) -> list[TruthSpan]:
        """Keep those of `spans` that overlap this recording, and return them."""
        end_ns = self.start_ns + round(self.duration_s * NS)
        its = [s for s in spans if s.start_ns < end_ns and s.end_ns > self.start_ns]
        self._spans = sorted([*self._spans, *its], key=lambda s: (s.start_ns, s.end_ns))
        return its


def safe_name(name: str) -> str:
    """Return `name` as the id of an imported device or session."""
    return id_from(name, "import", strip="-")
