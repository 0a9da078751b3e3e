"""`recording.json`: the device, position and start of the files beside and below it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from models.recordings.protocol import RecordingError
from schemas.event_time import ns_of
from schemas.position import position_named

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path, PurePosixPath

    from models.recordings.imports.files import FoundFile
    from schemas.position import Position

ABOUT_NAME = "recording.json"


@dataclass(frozen=True)
class RecordingJson:
    """The content of a `recording.json`; None for absent fields."""

    device_id: str | None = None
    session_id: str | None = None
    start_ns: int | None = None
    position: Position | None = None


class RecordingJsons:
    """All `recording.json` of an import; a deeper one takes precedence."""

    def __init__(self, files: Iterable[FoundFile], skipped: list[tuple[str, str]]) -> None:
        self._by_folder: dict[PurePosixPath, RecordingJson] = {}
        for file in files:
            if file.display_path.name == ABOUT_NAME:
                try:
                    self._by_folder[file.display_path.parent] = read_recording_json(file.path)
                except RecordingError as error:
                    skipped.append((str(file.display_path), str(error)))

    def of(self, display_path: PurePosixPath) -> RecordingJson:
        """Return what the files beside and above `display_path` say about it."""
        merged = RecordingJson()
        for folder in display_path.parents:
            about = self._by_folder.get(folder)
            if about is not None:
                merged = RecordingJson(
                    merged.device_id or about.device_id,
                    merged.session_id or about.session_id,
                    about.start_ns if merged.start_ns is None else merged.start_ns,
                    merged.position or about.position,
                )
        return merged


def read_recording_json(path: Path) -> RecordingJson:
    """Read a file; raises `RecordingError` with the reason when it cannot be used."""
    try:
        # Windows editors prepend a BOM.
        about = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise RecordingError(f"is not JSON: {error}") from error
    if not isinstance(about, dict):
        raise RecordingError("is not a JSON object")
    start = about.get("start")
    device, session = about.get("device_id"), about.get("session_id")
    position = about.get("position")
    return RecordingJson(
        None if device is None else str(device),
        None if session is None else str(session),
        None if start is None else time_of(str(start)),
        None if position is None else _position(str(position)),
    )


def _position(name: str) -> Position:
    try:
        return position_named(name)
    except ValueError as error:
        raise RecordingError(str(error)) from error


def time_of(text: str) -> int:
    """Return an ISO 8601 time with a zone as ns; raises `RecordingError` for anything else."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise RecordingError(
            f"start is {text!r}; expected ISO 8601 as 2026-03-02T08:00:00Z"
        ) from error
    if moment.tzinfo is None:
        raise RecordingError(
            f"start is {text!r}; it must name its zone, as in 2026-03-02T08:00:00Z"
        )
    return ns_of(moment)
