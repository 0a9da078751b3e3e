"""Errors of research's commands that a user can fix, in one line instead of a traceback."""

from __future__ import annotations

import sys
from functools import wraps
from typing import TYPE_CHECKING, Protocol

from infra.disk import unusable_file
from infra.errors import InfraError
from models.lanhar.descriptions import DescriptionError
from models.network.published_weights import PretrainedError
from models.recordings.protocol import RecordingError
from models.research.lib.errors import ResearchError
from models.serving.graph_file import GraphError
from models.serving.registry import RegistryError
from schemas.extras import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

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

INTERRUPTED = 130
"""The status of a program that Ctrl-C ended, as a shell's."""


class Main(Protocol):
    """A command line: arguments, those of the process by default, to its exit status."""

    def __call__(self, arguments: Sequence[str] | None = None) -> int:
        """Run it."""


def one_line_errors(main: Main) -> Main:
    """Return a command line's `main` that prints an error of unusable input as one line.

    These are `EXPECTED` and files that cannot be read or written; the status is then `UNUSABLE`.
    Ctrl-C is one line too, and its status `INTERRUPTED`.
    """

    @wraps(main)
    def run(arguments: Sequence[str] | None = None) -> int:
        try:
            return main(arguments)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return INTERRUPTED
        except EXPECTED as error:
            line = str(error)
        except OSError as error:
            of_a_file = unusable_file(error)
            if of_a_file is None:
                raise
            line = of_a_file
        print(" ".join(line.split()), file=sys.stderr)
        return UNUSABLE

    return run
