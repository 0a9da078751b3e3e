"""The motion files of an import, those of one device read together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.recordings.imports.motion import motion_groups, read_motion
from models.recordings.protocol import RecordingError
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePosixPath

    from models.recordings.imports.files import FoundFile
    from models.recordings.imports.motion import MotionFile


@dataclass(frozen=True, eq=False)
class MovedFile:
    """Motion of one device; `device` is what its files' names say of it besides the sensor."""

    motion: MotionFile
    parts: tuple[PurePosixPath, ...]
    device: str

    @property
    def shown(self) -> PurePosixPath:
        """The first of its files, as the user knows it."""
        return self.parts[0]

    @property
    def length_ns(self) -> int:
        """From its first row to the end of its last stretch, holes included."""
        last = self.motion.stretches[-1]
        return last.offset_ns + round(last.seconds * NS)


def read_moved(
    files: Sequence[FoundFile], now_ns: int, skipped: list[tuple[str, str]]
) -> list[MovedFile]:
    """Read the motion among `files`; what is motion and cannot be used is added to `skipped`."""
    shown = {file.path: file.shown for file in files}
    groups, unused = motion_groups(shown)
    skipped += [(str(shown[path]), reason) for path, reason in unused]
    moved: list[MovedFile] = []
    for group in groups:
        parts = tuple(shown[path] for path in group.files)
        try:
            motion = read_motion(group.files[0], group.files[1:], now=lambda: now_ns / NS)
        except RecordingError as error:
            skipped += [(str(part), str(error)) for part in parts]
            continue
        moved.append(MovedFile(motion, parts, group.device))
    return moved
