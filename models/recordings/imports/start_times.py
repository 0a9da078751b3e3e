"""The start of a file: from its name, else its metadata, else the folders' names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from models.recordings.imports.file_times import metadata_time
from models.recordings.imports.media import CREATION_TIME
from models.recordings.imports.name_times import StartTime, named_time
from schemas.frames import NS

if TYPE_CHECKING:
    from pathlib import PurePosixPath
    from zoneinfo import ZoneInfo

    from models.recordings.imports.files import FoundFile
    from models.recordings.imports.recorders import Recorder
    from models.recordings.imports.sound import SoundFile

FOLDER = "folder's name"
_QUARTER_NS = 900 * NS  # zones are multiples of a quarter of an hour
_SLACK_NS = 2 * NS
_MAX_OFFSET_NS = 14 * 3_600 * NS


def sound_time(
    file: FoundFile, sound: SoundFile, recorder: Recorder, root_name: str, now_ns: int
) -> StartTime | None:
    """Return the start of a sound, None if unknown."""
    named = named_time(file.display_path.stem, now_ns)
    if named is not None and named.zoned:
        return named
    if named is not None and recorder.zone is not None:
        return _local(named, recorder.zone, recorder.source)
    if named is None and recorder.start_ns is not None:
        return StartTime(recorder.start_ns, True, recorder.source)
    inside = sound.start or metadata_time(file.path)
    if named is not None:
        return _zoned_by(named, inside, round(sound.seconds * NS))
    return inside or folder_time(file.display_path, root_name, now_ns)


def motion_time(
    display_path: PurePosixPath, recorder: Recorder, root_name: str, now_ns: int
) -> StartTime | None:
    """Return the start of motion whose time stamps have none, None if unknown."""
    named = named_time(display_path.stem, now_ns)
    if named is not None:
        unzoned = recorder.zone if not named.zoned else None
        return named if unzoned is None else _local(named, unzoned, recorder.source)
    if recorder.start_ns is not None:
        return StartTime(recorder.start_ns, True, recorder.source)
    return folder_time(display_path, root_name, now_ns)


def folder_time(display_path: PurePosixPath, root_name: str, now_ns: int) -> StartTime | None:
    """Return the time in the name of the nearest folder or zip around a file, or None."""
    for part in (*reversed(display_path.parts[:-1]), root_name):
        named = named_time(part.removesuffix(".zip"), now_ns)
        if named is not None:
            return replace(named, source=FOLDER)
    return None


def _local(named: StartTime, zone: ZoneInfo, source: str) -> StartTime:
    """Return a time without a zone as a time in `zone`."""
    wall = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=named.time_ns // NS)
    offset = wall.replace(tzinfo=zone).utcoffset() or timedelta()
    shift_ns = round(offset.total_seconds()) * NS
    return StartTime(named.time_ns - shift_ns, True, f"name, zone from {source}")


def _zoned_by(named: StartTime, inside: StartTime | None, length_ns: int) -> StartTime:
    """Return a local time in UTC if the metadata have the same moment with its zone.

    A film's creation time may be its end, `length_ns` after its start.
    """
    if inside is None or not inside.zoned:
        return named
    ends_ns = (0, length_ns) if inside.source == CREATION_TIME else (0,)
    for before_ns in ends_ns:
        offset_ns = named.time_ns - (inside.time_ns - before_ns)
        quarters = round(offset_ns / _QUARTER_NS)
        off_ns = abs(offset_ns - quarters * _QUARTER_NS)
        if abs(offset_ns) <= _MAX_OFFSET_NS and off_ns <= _SLACK_NS:
            time_ns = named.time_ns - quarters * _QUARTER_NS
            return StartTime(time_ns, True, f"name, zone from the {inside.source}")
    return named
