"""Metadata on device and start that recording programs write beside their files, by folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from models.recordings.imports import phyphox, sensor_logger
from models.recordings.imports.motion import bids
from models.recordings.imports.recording import REMEDY
from models.recordings.protocol import RecordingError
from schemas.event_time import why_refused
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import PurePosixPath
    from zoneinfo import ZoneInfo

    from models.recordings.imports.files import FoundFile
    from models.recordings.imports.phyphox import ExperimentClock


@dataclass(frozen=True)
class Recorder:
    """Metadata of all files in a folder and below it; None if unknown.

    `start_ns` is the start of the recording, `zone` that of local times in names, `clock` dates
    times that count from the start. `turned` and `standardised` are Sensor Logger's.
    """

    source: str = ""
    device: str | None = None
    start_ns: int | None = None
    zone: ZoneInfo | None = None
    clock: ExperimentClock | None = None
    turned: bool = False
    standardised: bool = False


class Recorders:
    """The recorders of an import; a deeper one takes precedence. `used` are the metadata files."""

    def __init__(
        self, files: Iterable[FoundFile], now_ns: int, skipped: list[tuple[str, str]]
    ) -> None:
        self._by_folder: dict[PurePosixPath, Recorder] = {}
        self.used: set[PurePosixPath] = set()
        files = list(files)
        for file in files:
            try:
                self._read_file(file, now_ns)
            except RecordingError as error:
                skipped.append((str(file.display_path), str(error)))
        self._add_bids(files)

    def of(self, display_path: PurePosixPath) -> Recorder:
        """Return the nearest recorder of the folders around a file, or an empty one."""
        return next(
            (
                self._by_folder[folder]
                for folder in display_path.parents
                if folder in self._by_folder
            ),
            Recorder(),
        )

    def _read_file(self, file: FoundFile, now_ns: int) -> None:
        name, folder = file.display_path.name.lower(), file.display_path.parent
        if name == sensor_logger.METADATA_NAME.lower():
            about = sensor_logger.read_metadata(file.path, now_ns)
            if about is None:
                return
            if about.start_ns is not None:
                _check(about.start_ns, now_ns)
            self._by_folder[folder] = Recorder(
                sensor_logger.METADATA_NAME,
                about.device,
                about.start_ns,
                about.zone,
                turned=about.turned,
                standardised=about.standardised,
            )
        elif folder.name == phyphox.FOLDER_NAME and name == phyphox.TIME_NAME:
            clock = phyphox.read_clock(file.path)
            if clock is None:
                return
            for start_s in clock.system_s.tolist():
                _check(round(start_s * NS), now_ns)
            self._add(folder.parent, Recorder("meta/time.csv", clock=clock))
        elif folder.name == phyphox.FOLDER_NAME and name == phyphox.DEVICE_NAME:
            device = phyphox.read_device(file.path)
            if device is None:
                return
            self._add(folder.parent, Recorder("meta/device.csv", device))
        else:
            return
        self.used.add(file.display_path)

    def _add_bids(self, files: Sequence[FoundFile]) -> None:
        """Add the subjects of BIDS motion as its devices, and the files that describe it."""
        display_paths = {file.path: file.display_path for file in files}
        for file in files:
            subject = bids.subject_of(file.path.name)
            if subject is None or not file.path.name.endswith(bids.SUFFIX):
                continue
            self._add(file.display_path.parent, Recorder("BIDS", subject))
            sidecars = (display_paths.get(path) for path in bids.sidecars_of(file.path))
            self.used |= {path for path in sidecars if path is not None}

    def _add(self, folder: PurePosixPath, recorder: Recorder) -> None:
        before = self._by_folder.get(folder, recorder)
        self._by_folder[folder] = replace(
            recorder,
            device=before.device or recorder.device,
            clock=before.clock or recorder.clock,
        )


def _check(start_ns: int, now_ns: int) -> None:
    reason = why_refused(start_ns, now_ns, REMEDY)
    if reason is not None:
        raise RecordingError(f"tells an impossible start: {reason}")
