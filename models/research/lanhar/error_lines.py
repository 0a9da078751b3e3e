"""Errors of LanHAR's commands that a user can fix, in one line instead of a traceback."""

from __future__ import annotations

import sys
from functools import wraps
from typing import TYPE_CHECKING, Protocol

from models.lanhar.descriptions import DescriptionError
from models.recordings.protocol import RecordingError
from models.research.lanhar.interpretation.store import InterpretationsError
from models.research.lanhar.interpretation.windows import WindowsError
from models.research.lib.sentence_encoder import SentenceEncoderError
from models.serving.graph_file import GraphError
from models.serving.registry import RegistryError
from schemas.extras import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

EXPECTED = (
    DescriptionError,
    GraphError,
    InterpretationsError,
    MissingExtraError,
    OSError,
    RecordingError,
    RegistryError,
    SentenceEncoderError,
    WindowsError,
)
"""What a folder, a file, weights or a missing package may cause."""


class Main(Protocol):
    """A command line: arguments, those of the process by default, to its exit status."""

    def __call__(self, arguments: Sequence[str] | None = None) -> int:
        """Run it."""


def one_line_errors(main: Main) -> Main:
    """Return a command line's `main` that prints `EXPECTED` errors as one line, with status 1."""

    @wraps(main)
    def run(arguments: Sequence[str] | None = None) -> int:
        try:
            return main(arguments)
        except EXPECTED as error:
            print(" ".join(str(error).split()), file=sys.stderr)
            return 1

    return run
