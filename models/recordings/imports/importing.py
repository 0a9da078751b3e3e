"""Finds the recordings in a file, folder or zip: every file is used, or skipped with a reason."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from models.recordings.imports.annotations import add_annotations, add_truth, is_annotation
from models.recordings.imports.arrangement import arrange
from models.recordings.imports.device_motion import read_device_motion
from models.recordings.imports.files import EMPTY, find_files, is_empty, unpacked_name
from models.recordings.imports.import_result import Import
from models.recordings.imports.layouts import layout_of
from models.recordings.imports.media import MEDIA_SUFFIXES
from models.recordings.imports.name_times import StartTime
from models.recordings.imports.recorders import Recorders
from models.recordings.imports.recording_json import ABOUT_NAME, RecordingJsons
from models.recordings.imports.scratch import Scratch
from models.recordings.imports.sensor_logger_json import SUFFIX as JSON_SUFFIX
from models.recordings.imports.sensor_logger_json import unpack_exports
from models.recordings.imports.sound import SOUND_SUFFIXES, open_sound
from models.recordings.imports.start_times import FOLDER, motion_time, sound_time
from models.recordings.imports.time_axis import DatedFile, place
from models.recordings.imports.unused import why_unused
from models.recordings.protocol import RecordingError
from models.recordings.truth import TRUTH_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from models.recordings.imports.files import FoundFile
    from models.recordings.imports.layouts import Layout


def open_import(
    path: Path,
    *,
    device: str | None = None,
    start_ns: int | None = None,
    as_format: str = "auto",
    now_ns: int | None = None,
    session: str | None = None,
) -> Import:
    """Read the recordings of `path`; nothing is published.

    `device` replaces the device of all files; `start_ns` replaces the start of the earliest;
    `as_format` is one of `layouts.FORMATS`; `now_ns` the wall clock. `session` replaces the session
    of each device's first recording, and `session.2` that of its second. Raises `RecordingError` if
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
        about = replace(about, session_id=session or about.session_id)
        result.recordings += arrange(name, about, placed, scratch, result.skipped)
    result.recordings.sort(key=lambda r: (r.start_ns, r.device_id))
    add_truth(files, abouts, result)
    add_annotations(files, recorders, result)
    empty = {str(file.display_path) for file in files if is_empty(file)}
    result.skipped = sorted(
        (name, EMPTY if name in empty else reason) for name, reason in result.skipped
    )
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
            result.leave_out_rows(kind, count)
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
        by_name = display_path.name in (ABOUT_NAME, TRUTH_NAME) or is_annotation(candidate)
        if display_path in used or str(display_path) in named or by_name:
            continue
        skipped.append((str(display_path), why_unused(candidate, as_format)))


def _device_name(root_name: str) -> str:
    root_name = unpacked_name(root_name)
    stem, _, suffix = root_name.rpartition(".")
    known = f".{suffix.lower()}" in SOUND_SUFFIXES | MEDIA_SUFFIXES | {".csv", ".txt", JSON_SUFFIX}
    return stem if stem and known else root_name
