"""When a file began: its name, else its metadata, else the names of the folders around it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from models.recordings.imports.file_times import metadata_time
from models.recordings.imports.name_times import ToldTime, named_time
from schemas.frames import NS

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from models.recordings.imports.files import FoundFile
    from models.recordings.imports.sound import SoundFile

FOLDER = "folder's name"
_QUARTER_NS = 900 * NS  # zones are whole quarters of an hour
_SLACK_NS = 2 * NS
_MAX_OFFSET_NS = 14 * 3_600 * NS


def sound_time(file: FoundFile, sound: SoundFile, root_name: str, now_ns: int) -> ToldTime | None:
    """Return when a sound began, None if nothing tells it."""
    named = named_time(file.shown.stem, now_ns)
    if named is not None and named.zoned:
        return named
    inside = sound.told or metadata_time(file.path)
    if named is not None:
        return _zoned_by(named, inside)
    return inside or folder_time(file.shown, root_name, now_ns)


def folder_time(shown: PurePosixPath, root_name: str, now_ns: int) -> ToldTime | None:
    """Return the time in the name of the nearest folder or zip around a file, or None."""
    for part in (*reversed(shown.parts[:-1]), root_name):
        told = named_time(part.removesuffix(".zip"), now_ns)
        if told is not None:
            return replace(told, source=FOLDER)
    return None


def _zoned_by(named: ToldTime, inside: ToldTime | None) -> ToldTime:
    """Return a local time in UTC where metadata tells the same moment with its zone."""
    if inside is None or not inside.zoned:
        return named
    offset_ns = named.time_ns - inside.time_ns
    quarters = round(offset_ns / _QUARTER_NS)
    if abs(offset_ns) > _MAX_OFFSET_NS or abs(offset_ns - quarters * _QUARTER_NS) > _SLACK_NS:
        return named
    time_ns = named.time_ns - quarters * _QUARTER_NS
    return ToldTime(time_ns, True, f"name, zone from the {inside.source}")
