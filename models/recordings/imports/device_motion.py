"""The motion files of an import, read together by device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.recordings.imports.motion import motion_groups, read_motion
from models.recordings.imports.motion.file_header import header_names
from models.recordings.imports.motion.hints import Hints
from models.recordings.protocol import RecordingError
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePosixPath

    from models.recordings.imports.files import FoundFile
    from models.recordings.imports.layouts import Layout
    from models.recordings.imports.motion import MotionFile
    from models.recordings.imports.recorders import Recorder, Recorders


@dataclass(frozen=True, eq=False)
class DeviceMotion:
    """Motion of one device; `device` is the part of its files' names besides the sensor."""

    motion: MotionFile
    parts: tuple[PurePosixPath, ...]
    device: str

    @property
    def display_path(self) -> PurePosixPath:
        """The first of its files, by the user's path."""
        return self.parts[0]

    @property
    def length_ns(self) -> int:
        """Seconds from its first row to the end of its last segment, gaps included."""
        last = self.motion.stretches[-1]
        return last.offset_ns + round(last.seconds * NS)


def read_device_motion(
    files: Sequence[FoundFile],
    recorders: Recorders,
    layout: Layout | None,
    now_ns: int,
    skipped: list[tuple[str, str]],
) -> list[DeviceMotion]:
    """Read the motion among `files`; motion that cannot be used is added to `skipped`.

    With a `layout` only files of that maker are read.
    """
    display_paths = {
        file.path: file.display_path for file in files if _is_of(file, layout, skipped)
    }
    groups, unused = motion_groups(display_paths)
    skipped += [(str(display_paths[path]), reason) for path, reason in unused]
    read: list[DeviceMotion] = []
    for group in groups:
        parts = tuple(display_paths[path] for path in group.files)
        try:
            motion = read_motion(
                group.files[0],
                group.files[1:],
                now=lambda: now_ns / NS,
                hints=_hints(recorders.of(parts[0]), layout),
            )
        except RecordingError as error:
            # The list names each file already; the error names the one of them that is at fault.
            reasons = [str(error).removeprefix(f"{path.name} ") for path in group.files]
            skipped += [(str(part), reason) for part, reason in zip(parts, reasons, strict=True)]
            continue
        read.append(DeviceMotion(motion, parts, group.device))
    return read


def _is_of(file: FoundFile, layout: Layout | None, skipped: list[tuple[str, str]]) -> bool:
    if layout is None:
        return True
    names = header_names(file.path)
    if names is not None and not layout.fits(names):
        skipped.append(
            (
                str(file.display_path),
                f"is not laid out as {layout.name} writes: expected {layout.expected}",
            )
        )
        return False
    return names is not None


def _hints(recorder: Recorder, layout: Layout | None) -> Hints:
    clock = None if recorder.clock is None else recorder.clock.at
    acc, gyro = (None, None) if layout is None else (layout.acc, layout.gyro)
    return Hints(clock, recorder.turned, recorder.standardised, acc, gyro)
