"""What the commands that measure have in common: whose recordings, and what of them is absent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.recordings.shared_data import shared_data
from models.simulation.sources.material import missing

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from pathlib import Path


def measured_data(parser: ArgumentParser, options: Namespace) -> Path | None:
    """Return the folder of `--data`, else the shared one, and name what it lacks; None for none.

    Ends the program where `--data` is no folder or `--seed` is negative.
    """
    if options.seed < 0:
        parser.error(f"--seed is {options.seed}; expected 0 or more")
    if options.data is not None and not options.data.is_dir():
        parser.error(f"--data {str(options.data)!r} is not a folder; expected one of recordings")
    data: Path | None = options.data if options.data is not None else shared_data()
    if data is None:
        print("no recordings (--data, EGOLOG_SHARED_DATA): only simulated life is measured")
        return None
    for path in missing(data):
        print(f"skipped: {path} is not in {data}")
    return data
