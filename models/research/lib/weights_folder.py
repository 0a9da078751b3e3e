"""The folder of weights that a command takes, refused before its hours of work."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path

_SUFFIX = ".safetensors"


def weights_folder(text: str) -> Path:
    """Return the folder of the option `--weights`; raises `ArgumentTypeError` if it has none."""
    folder = Path(text)
    if not folder.is_dir():
        raise ArgumentTypeError(f"{text!r} is not a folder; expected one of weights")
    if not any(folder.glob(f"*{_SUFFIX}")):
        raise ArgumentTypeError(f"{text!r} has no weights; expected files NAME{_SUFFIX}")
    return folder
