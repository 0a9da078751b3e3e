"""Options of commands that cache each run of a long measurement in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser


def add_kept_runs(parser: ArgumentParser) -> None:
    """Add `--runs`, the folder, and `--only-kept`, which trains nothing."""
    parser.add_argument(
        "--runs", type=Path, default=Path(".run/lanhar"), help="cache folder of finished runs"
    )
    parser.add_argument(
        "--only-kept", action="store_true", help="report finished runs without training"
    )
