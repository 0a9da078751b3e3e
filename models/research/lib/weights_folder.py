"""The folders of weights that a command takes and writes, refused before its hours of work."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING

from models.serving.registry import WEIGHTS_DIR
from models.serving.trained_with import trained_with_others
from schemas.output_path import output_folder

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

_SUFFIX = ".safetensors"


def weights_folder(text: str) -> Path:
    """Return the folder of the option `--weights`; raises `ArgumentTypeError` if it has none.

    Weights in it that were trained with others than are there are named on stderr.
    """
    folder = Path(text)
    if not folder.is_dir():
        raise ArgumentTypeError(f"{text!r} is not a folder; expected one of weights")
    if not any(folder.glob(f"*{_SUFFIX}")):
        raise ArgumentTypeError(f"{text!r} has no weights; expected files NAME{_SUFFIX}")
    for line in trained_with_others(folder):
        print(f"warning: {line}", file=sys.stderr)
    return folder


def add_weights_and_out(parser: ArgumentParser, of: str) -> None:
    """Add `--weights`, the folder of what weights are made of, and `--out`; see `out_folder`."""
    parser.add_argument(
        "--weights", type=weights_folder, default=WEIGHTS_DIR, help=f"folder of the {of}"
    )
    parser.add_argument(
        "--out", type=output_folder, help="folder to write to, that of --weights by default"
    )


def out_folder(options: Namespace) -> Path:
    """Return the folder to write to: what is made of weights lies beside them."""
    folder: Path = options.out or options.weights
    return folder
