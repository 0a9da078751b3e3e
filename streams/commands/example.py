"""`example`: a small recording as a folder, to replay, to inspect and to use as a template."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
from faust.cli import argument, option

from models.recordings.protocol import RecordingError
from streams.commands.error_lines import one_line_errors

if TYPE_CHECKING:
    from streams.engine.app import EgoLogApp

SPEC = "simulated:7:1.5"
SECONDS = 90.0
_DEVICE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def register(app: EgoLogApp) -> None:
    """Add the command to the app."""

    @app.command(
        argument("folder", type=click.Path(path_type=Path)),
        argument("spec", default=SPEC),
        option(
            "--data",
            type=click.Path(path_type=Path),
            default=None,
            help="Folder of the data sets; without it, EGOLOG_SHARED_DATA.",
        ),
        option(
            "--seconds",
            type=click.FloatRange(1, 86_400),
            default=SECONDS,
            help="Length of the example, seconds.",
        ),
    )
    @one_line_errors
    async def example_command(folder: Path, spec: str, data: Path | None, seconds: float) -> None:
        """Write the beginning of a recording as a FOLDER for `replay folder:FOLDER`.

        SPEC is one of those of `replay`, with sound and motion: a simulated wearer unless given.
        """
        write_example(folder, spec, data, seconds)
        print(f"wrote {folder}: replay it with `faust -A streams.app replay folder:{folder}`")


def write_example(folder: Path, spec: str, data: Path | None, seconds: float) -> None:
    """Write the recording, with the folder's name as device id; raises `RecordingError`."""
    # The readers pull in scipy and soundfile, which a worker of the same app does not need.
    from models.recordings.folder_writer import write
    from models.recordings.shared_data import data_folder
    from streams.producers.recordings import open_recordings

    device = folder.absolute().name
    if not _DEVICE.fullmatch(device):
        raise RecordingError(
            f"folder {device!r} cannot name a device: expected 1 to 64 of A-Z a-z 0-9 . _ -"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RecordingError(f"folder {folder} is there already: expected a new or an empty one")
    write(open_recordings(spec, data_folder(data))[0], folder, device_id=device, seconds=seconds)
