"""The folder of real recordings that a command works on, and what it says where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.recordings.shared_data import ENVIRONMENT, shared_data

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from pathlib import Path


def needed_recordings(parser: ArgumentParser, named: Path | None = None) -> Path:
    """Return the folder that the user `named`, else the shared one; ends the program without."""
    folder = named or shared_data()
    if folder is None:
        parser.error(f"no recordings found; expected {ENVIRONMENT} to name their folder")
    return folder


def recordings_or_simulated() -> Path | None:
    """Return the shared folder; None, and a line that says so, where life is simulated instead."""
    folder = shared_data()
    if folder is None:
        print(f"real recordings not found ({ENVIRONMENT}): days are simulated")
    return folder
