"""The folder of real recordings for a command, and its error if there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.recordings.shared_data import ENVIRONMENT, shared_data

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from pathlib import Path


def needed_recordings(parser: ArgumentParser, options: Namespace) -> Path:
    """Return the folder of `--data`, if there is such an option, else the shared one.

    Ends the program where there is none.
    """
    has_option = "data" in options
    folder: Path | None = (options.data if has_option else None) or shared_data()
    if folder is None:
        ways = f"--data or {ENVIRONMENT}" if has_option else ENVIRONMENT
        parser.error(f"no recordings found; expected {ways} to name their folder")
    return folder


def recordings_or_simulated() -> Path | None:
    """Return the shared folder; None, and a line that says so, where life is simulated instead."""
    folder = shared_data()
    if folder is None:
        print(f"real recordings not found ({ENVIRONMENT}): days are simulated")
    return folder
