"""Finds the recordings in a file, folder or zip: every file is used, or skipped with a reason."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from models.recordings.imports.device_motion import read_device_motion
from models.recordings.imports.files import find_files, unpacked_name
from models.recordings.imports.layouts import layout_of
from models.recordings.imports.media import MEDIA_SUFFIXES
from models.recordings.imports.name_times import StartTime
from models.recordings.imports.recorders import Recorders
from models.recordings.imports.recording import ImportedRecording, MotionStretch
from models.recordings.imports.recording_json import ABOUT_NAME, RecordingJson, RecordingJsons
from models.recordings.imports.scratch import Scratch
from models.recordings.imports.sensor_logger import ANNOTATION_NAME, read_marks, spans_of
from models.recordings.imports.sensor_logger_json import SUFFIX as JSON_SUFFIX
from models.recordings.imports.sensor_logger_json import unpack_exports
from models.recordings.imports.sound import SOUND_SUFFIXES, open_sound
from models.recordings.imports.start_times import FOLDER, motion_time, sound_time
from models.recordings.imports.time_axis import DatedFile, PlacedFiles, place
from models.recordings.imports.timeline import (
    MAX_TRIM_NS,
    sessions,
    trim_segments,
    trim_stretches,
)
from models.recordings.imports.unused import why_unused
from models.recordings.protocol import RecordingError
from models.recordings.truth import TRUTH_NAME, read_truth
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from models.recordings.imports.device_motion import DeviceMotion
    from models.recordings.imports.files import FoundFile
    from models.recordings.imports.layouts import Layout


@dataclass
class Import:
    """The content of PATH.

    `skipped` are (file below PATH, reason); `rows_left_out` counts rows by kind, the first
    of which `examples` names.
    """

    recordings: list[ImportedRecording] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    rows_left_out: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)


def open_import(
    path: Path,
    *,
    device: str | None = None,
    start_ns: int | None = None,
    as_format: str = "auto",
    now_ns: int | None = None,
) -> Import:
    """Read the recordings of `path`; nothing is published.

    `device` replaces the device of all files; `start_ns` replaces the start of the earliest;
    `as_format` is one of `layouts.FORMATS`; `now_ns` the wall clock. Raises `RecordingError` if
    `path` does not exist.
    """
    layout = layout_of(as_format)
    now_ns = time.time_ns() if now_ns is None else now_ns
    result, scratch = Import(), Scratch()
    root_name = path.resolve().name
    files = find_files(path, scratch.path, result.skipped)
    files = unpack_exports(files, path, scratch.path, result.skipped)
    abouts = RecordingJsons(files, result.skipped)
    recorders = Recorders(files, now_ns, result.skipped)
    dated = [
        *_sounds(files, recorders, as_format, root_name, now_ns, result.skipped),
        *_motion(files, recorders, as_format, layout, root_name, now_ns, result),
    ]
    _skip_rest(files, recorders, dated, as_format, result.skipped)
    groups: dict[str, list[DatedFile]] = {}
    exact = {
        f.display_path.parent for f in dated if f.start is not None and f.start.source != FOLDER
    }
    for file in dated:
        # The time stamps of motion beside a sound are better than the folder's name in local time.
        named = file.start is not None and file.start.source == FOLDER
        start = None if named and file.display_path.parent in exact else file.start
        about = abouts.of(file.display_path)
        name = device or about.device_id or recorders.of(file.display_path).device
        name = name or _device_name(root_name)
        based = DatedFile(file.display_path, file.content, start, about.start_ns)
        groups.setdefault(name, []).append(based)
    for name, its in groups.items():
        about = abouts.of(its[0].display_path)
        placed = place(its, start_ns, now_ns, result.skipped)
        result.recordings += _arrange(name, about, placed, scratch, result.skipped)
    result.recordings.sort(key=lambda r: (r.start_ns, r.device_id))
    _add_truth(files, abouts, result)
    _add_annotations(files, recorders, result)
    result.skipped.sort()
    return result


def _sounds(
    files: Iterable[FoundFile],
    recorders: Recorders,
    as_format: str,
    root_name: str,
    now_ns: int,
    skipped: list[tuple[str, str]],
) -> list[DatedFile]:
    dated = []
    for file in files:
        suffix = file.path.suffix.lower()
        known = suffix in SOUND_SUFFIXES or suffix in MEDIA_SUFFIXES
        if file.display_path.name.startswith("._") or as_format == "motion":
            continue
        if not known and (as_format != "sound" or _is_no_signal(file, recorders)):
            continue
        try:
            sound = open_sound(file.path)
        except RecordingError as error:
            skipped.append((str(file.display_path), str(error)))
            continue
        start = sound_time(file, sound, recorders.of(file.display_path), root_name, now_ns)
        dated.append(DatedFile(file.display_path, sound, start))
    return dated


def _motion(
    files: Iterable[FoundFile],
    recorders: Recorders,
    as_format: str,
    layout: Layout | None,
    root_name: str,
    now_ns: int,
    result: Import,
) -> list[DatedFile]:
    if as_format == "sound":
        return []
    candidates = [
        file
        for file in files
        if file.path.suffix.lower() not in SOUND_SUFFIXES | MEDIA_SUFFIXES
        and not _is_no_signal(file, recorders)
        and not file.display_path.name.startswith(".")
    ]
    dated = []
    for device_motion in read_device_motion(candidates, recorders, layout, now_ns, result.skipped):
        motion = device_motion.motion
        start = (
            StartTime(motion.start_ns, True, "name")
            if motion.start_ns is not None
            else motion_time(
                device_motion.display_path,
                recorders.of(device_motion.display_path),
                root_name,
                now_ns,
            )
        )
        dated.append(DatedFile(device_motion.display_path, device_motion, start))
        for kind, count in motion.rows_left_out.items():
            result.rows_left_out[kind] = result.rows_left_out.get(kind, 0) + count
        result.examples += motion.named_examples(str(device_motion.display_path))
    return dated


def _is_no_signal(file: FoundFile, recorders: Recorders) -> bool:
    return file.display_path.name in (ABOUT_NAME, TRUTH_NAME) or file.display_path in recorders.used


def _skip_rest(
    files: Iterable[FoundFile],
    recorders: Recorders,
    dated: Iterable[DatedFile],
    as_format: str,
    skipped: list[tuple[str, str]],
) -> None:
    """List the files that are not used."""
    used = set(recorders.used)
    for file in dated:
        used |= {file.display_path, *getattr(file.content, "parts", ())}
    named = {name for name, _ in skipped}
    for candidate in files:
        display_path = candidate.display_path
        by_name = display_path.name in (ABOUT_NAME, TRUTH_NAME) or _is_annotation(candidate)
        if display_path in used or str(display_path) in named or by_name:
            continue
        skipped.append((str(display_path), why_unused(candidate, as_format)))


def _device_name(root_name: str) -> str:
    root_name = unpacked_name(root_name)
    stem, _, suffix = root_name.rpartition(".")
    known = f".{suffix.lower()}" in SOUND_SUFFIXES | MEDIA_SUFFIXES | {".csv", ".txt", JSON_SUFFIX}
    return stem if stem and known else root_name


def _arrange(
    device: str,
    about: RecordingJson,
    placed: PlacedFiles,
    scratch: Scratch,
    skipped: list[tuple[str, str]],
) -> list[ImportedRecording]:
    """Return a device's recordings; further simultaneous motion becomes a device of its own."""
    first, others = _lanes(placed.stretches)
    recordings, session = [], about.session_id
    lanes = [(device, placed.segments, first)]
    lanes += [(f"{device}-{name}", [], stretches) for name, stretches in others.items()]
    for name, segments, stretches in lanes:
        parts = sessions(trim_segments(segments, skipped), trim_stretches(stretches, skipped))
        for number, (sounds, device_motion) in enumerate(parts):
            its_session = session if session is None or not number else f"{session}.{number + 1}"
            recording = ImportedRecording(name, its_session, sounds, device_motion, scratch)
            recording.position = about.position if name == device else None
            recordings.append(recording)
    return recordings


def _lanes(
    device_motion: Sequence[tuple[DeviceMotion, list[MotionStretch]]],
) -> tuple[list[MotionStretch], dict[str, list[MotionStretch]]]:
    """Return the device's motion, and by name that of others recorded at the same time."""
    first: list[MotionStretch] = []
    others: dict[str, list[MotionStretch]] = {}
    for file, stretches in sorted(
        device_motion, key=lambda item: (bool(item[0].device), item[0].display_path)
    ):
        begin_ns, end_ns = stretches[0].start_ns, stretches[-1].end_ns
        if all(
            s.end_ns - begin_ns <= MAX_TRIM_NS or end_ns - s.start_ns <= MAX_TRIM_NS for s in first
        ):
            first += stretches
        else:
            others.setdefault(file.device or file.display_path.stem.lower(), []).extend(stretches)
    return first, others


def _add_truth(files: Iterable[FoundFile], abouts: RecordingJsons, result: Import) -> None:
    """Add to each recording the overlapping spans of the truth.csv above its files."""
    for file in files:
        if file.display_path.name != TRUTH_NAME:
            continue
        its, start_ns = _beside(file, abouts.of(file.display_path).start_ns, result)
        if not its:
            continue
        try:
            spans, bad = read_truth(file.path, start_ns)
        except RecordingError as error:
            result.skipped.append((str(file.display_path), str(error)))
            continue
        for kind, count in bad.counts.items():
            result.rows_left_out[kind] = result.rows_left_out.get(kind, 0) + count
        result.examples += [f"{file.display_path}: {text}" for text in bad.examples]
        for recording in its:
            recording.add_truth(spans)


def _add_annotations(files: Iterable[FoundFile], recorders: Recorders, result: Import) -> None:
    """Add to each recording the spans of Sensor Logger's annotations above its files."""
    for file in files:
        if not _is_annotation(file):
            continue
        its, start_ns = _beside(file, recorders.of(file.display_path).start_ns, result)
        if not its:
            continue
        try:
            marks, bad = read_marks(file.path, start_ns)
        except RecordingError as error:
            result.skipped.append((str(file.display_path), str(error)))
            continue
        if bad:
            kind = "annotation without a time"
            result.rows_left_out[kind] = result.rows_left_out.get(kind, 0) + len(bad)
            result.examples += [f"{file.display_path}: line {line}: {kind}" for line in bad]
        spans = spans_of(marks, max(r.start_ns + round(r.duration_s * NS) for r in its))
        for recording in its:
            recording.add_truth(spans)


def _is_annotation(file: FoundFile) -> bool:
    return file.display_path.name.lower() == ANNOTATION_NAME.lower()


def _beside(
    file: FoundFile, start_ns: int | None, result: Import
) -> tuple[list[ImportedRecording], int]:
    """Return the recordings beside and below a file, and the start of the file's times.

    The start is `start_ns`, or else the first of the recordings; without any the file is skipped.
    """
    folder = file.display_path.parent
    its = [r for r in result.recordings if any(folder in p.parents for p in r.files)]
    if not its:
        result.skipped.append((str(file.display_path), "no recording lies beside it"))
    if start_ns is None:
        start_ns = min((r.start_ns for r in its), default=0)
    return its, start_ns
