"""Programs that end in one line at Ctrl-C and SIGTERM, with nothing half written."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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


def one_line_interruptions(main: Main) -> Main:
    """Return a command line's `main` that ends in one line at Ctrl-C and SIGTERM.

    Its status is then `INTERRUPTED` or `TERMINATED`. Both are raised where `main` is, so what is
    half written is deleted, and processes of the command end.
    """

    @wraps(main)
    def run(arguments: Sequence[str] | None = None) -> int:
        try:
            with _raised_at_sigterm():
                return main(arguments)
        except KeyboardInterrupt as interrupt:
            return _say(interrupt)

    return run


@contextmanager
def interruptions_in_one_line() -> Iterator[None]:
    """End the process in one line at Ctrl-C and SIGTERM, as `one_line_interruptions` does."""
    try:
        with _raised_at_sigterm():
            yield
    except KeyboardInterrupt as interrupt:
        raise SystemExit(_say(interrupt)) from None


def _say(interrupt: KeyboardInterrupt) -> int:
    """Say it, and return the status of the process."""
    print("interrupted", file=sys.stderr)
    return TERMINATED if isinstance(interrupt, _TerminatedError) else INTERRUPTED


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
