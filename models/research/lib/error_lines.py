"""Errors of research's commands that a user can fix, in one line instead of a traceback."""

from __future__ import annotations

import sys
from functools import wraps
from typing import TYPE_CHECKING

from infra.disk import unusable_file
from infra.errors import InfraError
from models.lanhar.descriptions import DescriptionError
from models.network.published_weights import PretrainedError
from models.recordings.protocol import RecordingError
from models.research.lib.errors import ResearchError
from models.serving.graph_file import GraphError
from models.serving.registry import RegistryError
from schemas.extras import MissingExtraError
from schemas.interruption import one_line_interruptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.interruption import Main

EXPECTED = (
    DescriptionError,
    GraphError,
    InfraError,
    MissingExtraError,
    PretrainedError,
    RecordingError,
    RegistryError,
    ResearchError,
)
"""What a folder, a file, weights, an endpoint or a missing package may cause."""

UNUSABLE = 2
"""The status of unusable input, as argparse's of unusable arguments."""


def one_line_errors(main: Main) -> Main:
    """Return a command line's `main` that prints an error of unusable input as one line.

    These are `EXPECTED` and files that cannot be read or written; the status is then `UNUSABLE`.
    Ctrl-C and SIGTERM are one line too (`schemas.interruption`).
    """

    @one_line_interruptions
    @wraps(main)
    def run(arguments: Sequence[str] | None = None) -> int:
        try:
            return main(arguments)
        except EXPECTED as error:
            line = str(error)
        except OSError as error:
            line = unusable_file(error)
        print(" ".join(line.split()), file=sys.stderr)
        return UNUSABLE

    return run
