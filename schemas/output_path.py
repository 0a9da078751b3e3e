"""Paths that a command writes to, refused before its work instead of after it.

Not a message; it is here because this is the only package that all others may import.
"""

from __future__ import annotations

import os
import tempfile
from argparse import ArgumentTypeError
from pathlib import Path


def output_file(text: str) -> Path:
    """Return the path of a file to write, as an argument's type; nothing is made yet.

    Raises `ArgumentTypeError` in one line for a folder, a device, and a file whose folder cannot be
    made or written to.
    """
    path = Path(text)
    if _exists("file", text, path) and not path.is_file():
        kind = "a folder" if path.is_dir() else "no regular file"
        raise ArgumentTypeError(f"output file is {text!r}, {kind}; expected the path of a file")
    _require_folder("file", text, path.parent)
    return path


def output_folder(text: str) -> Path:
    """Return the path of a folder to write into, as an argument's type; nothing is made yet.

    Raises `ArgumentTypeError` in one line for a file, and for a folder that cannot be made or
    written to.
    """
    path = Path(text)
    if _exists("folder", text, path) and not path.is_dir():
        raise ArgumentTypeError(f"output folder is {text!r}, a file; expected the path of a folder")
    _require_folder("folder", text, path)
    return path


def kept_folder(text: str) -> Path:
    """Return the path of a folder of what earlier runs kept, as an argument's type.

    Refused as `output_folder` does, but one that is there may be read-only: it may have everything.
    """
    path = Path(text)
    return path if path.is_dir() else output_folder(text)


def _exists(what: str, text: str, path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:  # too long a name, a loop of links, a folder that may not be read
        raise _unusable(what, text, error) from error
    return True


def _require_folder(what: str, text: str, folder: Path) -> None:
    """Refuse unless a file can be made in `folder`, or in the nearest above it that exists."""
    above = folder.absolute()
    while not os.path.lexists(above):
        above = above.parent
    if not above.is_dir():
        raise ArgumentTypeError(
            f"output {what} is {text!r}, but {str(above)!r} is no folder; expected one there"
        )
    try:
        # Only trying tells of a file system that is read-only, or of none that takes files.
        with tempfile.TemporaryFile(dir=above):
            pass
    except OSError as error:
        raise _unusable(what, text, error, f" in {str(above)!r}") from error


def _unusable(what: str, text: str, error: OSError, where: str = "") -> ArgumentTypeError:
    reason = (error.strerror or str(error)).lower()
    return ArgumentTypeError(
        f"output {what} is {text[:200]!r}, which cannot be written{where} ({reason}); "
        "expected a folder that can be written to"
    )
