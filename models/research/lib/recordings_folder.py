"""The folder of real recordings for a command, and its errors if there is none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from models.recordings.shared_data import ENVIRONMENT, shared_data
from models.research.lib.errors import ResearchError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def given_or_shared(parser: ArgumentParser, options: Namespace) -> Path | None:
    """Return the folder of `--data`, if there is such an option, else the shared one, or None.

    Ends the program if `--data` is not a folder; raises `ResearchError` if the environment names
    none.
    """
    given: Path | None = getattr(options, "data", None)
    if given is None:
        return _shared()
    if not given.is_dir():
        parser.error(f"--data {str(given)!r} is not a folder; expected one of recordings")
    return given


def needed_recordings(parser: ArgumentParser, options: Namespace) -> Path:
    """Return the folder as `given_or_shared` does; ends the program where there is none."""
    folder = given_or_shared(parser, options)
    if folder is None:
        ways = f"--data or {ENVIRONMENT}" if "data" in options else ENVIRONMENT
        parser.error(f"no recordings found; expected {ways} to name their folder")
    return folder


def recordings_or_simulated() -> Path | None:
    """Return the shared folder; None, and a line that says so, where life is simulated instead.

    Raises `ResearchError` if the environment names no folder.
    """
    folder = _shared()
    if folder is None:
        print(f"real recordings not found ({ENVIRONMENT}): days are simulated")
    return folder


def _shared() -> Path | None:
    """Return the shared folder or None; a misspelt name is no reason to simulate for hours."""
    named = os.environ.get(ENVIRONMENT)
    if named and not Path(named).is_dir():
        raise ResearchError(
            f"{ENVIRONMENT} is {named!r}, which is not a folder; expected one of recordings, or "
            "none, for simulated life"
        )
    return shared_data()
