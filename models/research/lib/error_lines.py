"""Errors of research's commands that a user can fix, in one line instead of a traceback."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
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
    from collections.abc import Iterator, Sequence

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

TERMINATED = 143
"""The status of a program that SIGTERM ended, as a shell's."""


class _TerminatedError(KeyboardInterrupt):
    """SIGTERM, as from `kill`, `timeout` or a batch system."""


class Main(Protocol):
    """A command line: arguments, those of the process by default, to its exit status."""

    def __call__(self, arguments: Sequence[str] | None = None) -> int:
        """Run it."""


def one_line_errors(main: Main) -> Main:
    """Return a command line's `main` that prints an error of unusable input as one line.

    These are `EXPECTED` and files that cannot be read or written; the status is then `UNUSABLE`.
    Ctrl-C and SIGTERM are one line too, and their status `INTERRUPTED` and `TERMINATED`: what is
    half written is deleted, and processes of the command end.
    """

    @wraps(main)
    def run(arguments: Sequence[str] | None = None) -> int:
        try:
            with _raised_at_sigterm():
                return main(arguments)
        except _TerminatedError:
            print("interrupted", file=sys.stderr)
            return TERMINATED
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


@contextmanager
def _raised_at_sigterm() -> Iterator[None]:
    """Raise the first SIGTERM in the main thread, as Ctrl-C is; the second one kills."""
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    ):
        yield
        return

    def stop(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise _TerminatedError

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
