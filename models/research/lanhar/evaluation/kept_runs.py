"""Runs of a long measurement, each cached in a file of a folder, and the options for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from models.research.lanhar.evaluation.shared_classes import EvaluationError
from schemas.atomic_file import write_atomically
from schemas.output_path import kept_folder

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from models.research.lib.tables import Figures


def add_kept_runs(parser: ArgumentParser) -> None:
    """Add `--runs`, the folder, and `--only-kept`, which trains nothing."""
    parser.add_argument(
        "--runs",
        type=kept_folder,
        default=Path(".run/lanhar"),
        help="cache folder of finished runs",
    )
    parser.add_argument(
        "--only-kept", action="store_true", help="report finished runs without training"
    )


def keep(path: Path, figures: Figures) -> None:
    """Write a run's figures; a run that is stopped meanwhile is not read as one that ended."""
    write_atomically(path, json.dumps(figures, indent=2) + "\n")


def read_kept(path: Path) -> Figures:
    """Return the figures of a run that is kept; raises `EvaluationError` where they are damaged."""
    try:
        figures: Figures = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise EvaluationError(
            f"kept run {str(path)!r} is damaged; remove it, and it is measured again"
        ) from error
    return figures
