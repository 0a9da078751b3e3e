"""Places the files of one device on the time axis, including those without a start."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from models.recordings.imports.recording import REMEDY, MotionStretch, SoundSegment
from models.recordings.imports.running_clocks import running_clocks
from models.recordings.imports.sensor_logger import METADATA_NAME
from models.recordings.imports.sound import SoundFile
from models.recordings.imports.timeline import MAX_LEAD_NS
from models.recordings.protocol import EPOCH_START_NS
from schemas.event_time import iso, why_refused
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePosixPath

    from models.recordings.imports.device_motion import DeviceMotion
    from models.recordings.imports.name_times import StartTime

_MAX_UNNAMED_LEAD_NS = 86_400 * NS
_NO_TIME = (
    "does not tell when it began, as sound beside it does: name it by its start, "
    "as 2026-03-02T08-00-00Z, or import it alone with --start"
)
_CERTAIN = ("name", METADATA_NAME)  # what the recorder itself wrote down as the start


@dataclass(frozen=True)
class DatedFile:
    """A file and its start: `start` from itself, `base_ns` from the files around it, or unknown."""

    display_path: PurePosixPath
    content: SoundFile | DeviceMotion
    start: StartTime | None
    base_ns: int | None = None

    @property
    def length_ns(self) -> int:
        """How long it lasts."""
        if isinstance(self.content, SoundFile):
            return self.content.frames * NS // self.content.rate
        return self.content.length_ns

    @property
    def lead_ns(self) -> int:
        """Time on a motion file's own clock before its first row."""
        if isinstance(self.content, SoundFile) or self.content.motion.start_ns is not None:
            return 0
        lead_ns = self.content.motion.first_ns
        most_ns = _MAX_UNNAMED_LEAD_NS if self.start is None else MAX_LEAD_NS
        return lead_ns if 0 <= lead_ns <= most_ns else 0


@dataclass
class PlacedFiles:
    """Sound, and motion by file, on the time axis, moved by `shift_ns` from their own times."""

    segments: list[SoundSegment] = field(default_factory=list)
    stretches: list[tuple[DeviceMotion, list[MotionStretch]]] = field(default_factory=list)
    shift_ns: int = 0


def place(
    files: Sequence[DatedFile], start_ns: int | None, now_ns: int, skipped: list[tuple[str, str]]
) -> PlacedFiles:
    """Place the files; those at impossible times are `skipped` with the likely cause.

    With `start_ns` all times are shifted so that the earliest is there. Files without a time begin
    with those in their folder that have one, or else follow one another by name. Sound without a
    time beside sound that has one is `skipped`: it was recorded before or after it.
    """
    files = _on_running_clocks(files)
    starts_ns = [file.start.time_ns for file in files if file.start is not None]
    starts_ns = starts_ns or [file.base_ns for file in files if file.base_ns is not None]
    shift_ns = 0 if start_ns is None or not starts_ns else start_ns - min(starts_ns)
    placed = PlacedFiles(shift_ns=shift_ns)
    for file in files:
        if file.start is not None:
            at_ns = file.start.time_ns + file.lead_ns + shift_ns
            notes = () if start_ns is not None else _notes(file.start)
            _put(placed, file, at_ns, notes, now_ns, skipped)
    cursors: dict[int, int] = {}
    for folder in dict.fromkeys(file.display_path.parent for file in files if file.start is None):
        its = [file for file in files if file.start is None and file.display_path.parent == folder]
        known = [
            f.start.time_ns + shift_ns for f in files if f.start and f.display_path.parent == folder
        ]
        if any(_is_sound(f) and f.start and f.display_path.parent == folder for f in files):
            skipped += [(str(file.display_path), _NO_TIME) for file in its if _is_sound(file)]
            its = [file for file in its if not _is_sound(file)]
        if not its:
            continue
        base_ns, notes = _base(its[0], start_ns, known)
        begin_ns = base_ns if known else cursors.get(base_ns, base_ns)
        end_ns = next_ns = begin_ns
        for file in its:
            at_ns = next_ns if _is_sound(file) else begin_ns + file.lead_ns
            if _is_sound(file):
                next_ns = at_ns + file.length_ns
            end_ns = max(end_ns, at_ns + file.length_ns)
            _put(placed, file, at_ns, notes, now_ns, skipped)
        cursors[base_ns] = end_ns
    return placed


def _on_running_clocks(files: Sequence[DatedFile]) -> list[DatedFile]:
    """Return the files; those of one clock start where it says, not where their names do."""
    named = {
        at: (file.start.time_ns, file.content.motion.first_ns)
        for at, file in enumerate(files)
        if file.start is not None
        and not isinstance(file.content, SoundFile)
        and file.content.motion.start_ns is None
    }
    placed = list(files)
    for at, began_ns in running_clocks(named).items():
        file, (_, first_ns) = files[at], named[at]
        start_ns = began_ns + first_ns - file.lead_ns
        placed[at] = replace(file, start=file.start and replace(file.start, time_ns=start_ns))
    return placed


def _is_sound(file: DatedFile) -> bool:
    return isinstance(file.content, SoundFile)


def _base(file: DatedFile, start_ns: int | None, known: list[int]) -> tuple[int, tuple[str, ...]]:
    if file.base_ns is not None and start_ns is None:
        return file.base_ns, ()
    if known:
        return min(known), ("what tells no time begins with what lies beside it",)
    if start_ns is not None:
        return start_ns, ()
    return EPOCH_START_NS, (
        f"start time is unknown: placed at {iso(EPOCH_START_NS)}; --start sets it",
    )


def _notes(start: StartTime) -> tuple[str, ...]:
    notes = []
    if start.source not in _CERTAIN:
        notes.append(f"start time is taken from the {start.source}")
    if not start.zoned:
        notes.append("start time names no zone: taken as UTC; --start sets it")
    return tuple(notes)


def _put(
    placed: PlacedFiles,
    file: DatedFile,
    at_ns: int,
    notes: tuple[str, ...],
    now_ns: int,
    skipped: list[tuple[str, str]],
) -> None:
    reason = why_refused(at_ns, now_ns, REMEDY) or why_refused(
        at_ns + file.length_ns, now_ns, REMEDY
    )
    content = file.content
    if isinstance(content, SoundFile):
        if reason is not None:
            skipped.append((str(file.display_path), f"starts at an impossible time: {reason}"))
            return
        placed.segments.append(
            SoundSegment(
                content,
                file.display_path,
                at_ns,
                notes=(*notes, *content.kept.notes, *_cut_notes(content, file.display_path)),
            )
        )
        return
    if reason is not None:
        skipped += [(str(p), f"starts at an impossible time: {reason}") for p in content.parts]
        return
    motion = content.motion
    notes = (*notes, *motion.warnings)
    stretches = [
        MotionStretch(
            file.display_path,
            at_ns + s.offset_ns,
            s.rate_hz,
            s.values,
            motion.gyroscope,
            lead_ns=file.lead_ns if file.lead_ns <= MAX_LEAD_NS else 0,
            notes=notes,
        )
        for s in motion.stretches
    ]
    placed.stretches.append((content, stretches))


def _cut_notes(sound: SoundFile, display_path: PurePosixPath) -> tuple[str, ...]:
    if sound.stated is None:
        return ()
    whole_s = sound.stated / sound.rate
    return (
        f"{display_path} breaks off: {sound.seconds:.1f} of {whole_s:.1f} s can be read; copy it "
        "again before it is imported if the rest is still somewhere",
    )
