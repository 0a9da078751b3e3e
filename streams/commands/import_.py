"""`import`: recordings by any maker, reported before they are published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from faust.cli import argument, option

from models.recordings.imports.layouts import FORMATS
from models.recordings.protocol import RecordingError
from streams.commands.error_lines import one_line_errors
from streams.commands.replay import POSITION_OPTION, Identifier, Speed, publish

if TYPE_CHECKING:
    from schemas.position import Position
    from streams.engine.app import EgoLogApp


_PARAMETERS = (
    argument("path", type=click.Path(path_type=Path)),
    option("--dry-run", is_flag=True, default=False, help="Report what is found; publish nothing."),
    option("--json", "as_json", is_flag=True, default=False, help="Report as JSON."),
    option("--device", type=str, default=None, help="Device id, instead of the files'."),
    option(
        "--session",
        type=Identifier(),
        default=None,
        help="Session id, instead of one by the start: to log changed or deleted files anew.",
    ),
    option(
        "--start",
        type=str,
        default=None,
        help="Start of the earliest file, ISO 8601 with a zone; the others shift alike.",
    ),
    option(
        "--as",
        "as_format",
        type=str,
        default="auto",
        metavar="FORMAT",
        help=f"Read the files as this only: {', '.join(FORMATS)}.",
    ),
    option(
        "--speed",
        type=Speed(),
        default="max",
        help="Playback speed: a factor of real time, or max.",
    ),
    POSITION_OPTION,
)


def register(app: EgoLogApp) -> None:
    """Add the command to the app."""

    @app.command(*_PARAMETERS)
    @one_line_errors
    async def import_command(
        path: Path,
        dry_run: bool,
        as_json: bool,
        device: str | None,
        start: str | None,
        as_format: str,
        speed: float | None,
        position: Position | None = None,
        session: str | None = None,
    ) -> None:
        """Import recordings: a file, a folder, a zip or a tar of sound and motion.

        Reports before anything is published: recordings with their start, and skipped files with
        the reason. Start times come from dates in the rows, names (ISO 8601, AudioMoth, BirdNET-Pi,
        phones), else from the files' metadata; --start moves them all.
        """
        from models.recordings.imports import report
        from models.recordings.imports.importing import open_import
        from models.recordings.imports.recording_json import time_of

        imported = open_import(
            path.expanduser(),
            device=device,
            start_ns=None if start is None else time_of(start),
            as_format=as_format,
            session=session,
        )
        if as_json:
            print(json.dumps(report.as_json(imported), indent=2, ensure_ascii=False), flush=True)
        else:
            print("\n".join(report.as_lines(imported)), flush=True)
        # JSON says so itself, to whoever reads it.
        if not imported.recordings and not (dry_run and as_json):
            raise RecordingError(f"{str(path)!r} holds no recording that can be imported")
        if dry_run:
            return
        await publish(app, [*imported.recordings], speed=speed, position=position)
