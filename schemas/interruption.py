"""Programs that end in one line at Ctrl-C, SIGTERM and SIGHUP, with nothing half written."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager, suppress
from functools import wraps
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

INTERRUPTED = 130
"""The status of a program that Ctrl-C ended, as a shell's."""

TERMINATED = 143
"""The status of a program that SIGTERM ended, as a shell's."""

HUNG_UP = 129
"""The status of a program whose terminal was closed, as a shell's."""

_STATUSES = {signal.SIGTERM: TERMINATED, signal.SIGHUP: HUNG_UP}


class _EndedError(KeyboardInterrupt):
    """SIGTERM, as from `kill`, `timeout` or a batch system, or SIGHUP, from a terminal that closes.

    `status` is that of the program.
    """

    def __init__(self, by: int) -> None:
        super().__init__()
        self.status = _STATUSES[signal.Signals(by)]


class Main(Protocol):
    """A command line: arguments, those of the process by default, to its exit status."""

    def __call__(self, arguments: Sequence[str] | None = None) -> int:
        """Run it."""


def one_line_interruptions(main: Main) -> Main:
    """Return a command line's `main` that ends in one line at Ctrl-C, SIGTERM and SIGHUP.

    Its status is then `INTERRUPTED`, `TERMINATED` or `HUNG_UP`. They are raised where `main` is, so
    what is half written is deleted, and processes of the command end.
    """

    @wraps(main)
    def run(arguments: Sequence[str] | None = None) -> int:
        try:
            with _signals_raised():
                return main(arguments)
        except KeyboardInterrupt as interrupt:
            return _say(interrupt)

    return run


@contextmanager
def interruptions_in_one_line() -> Iterator[None]:
    """End the process in one line at these signals, as `one_line_interruptions` does."""
    try:
        with _signals_raised():
            yield
    except KeyboardInterrupt as interrupt:
        raise SystemExit(_say(interrupt)) from None


def _say(interrupt: KeyboardInterrupt) -> int:
    """Say it, and return the status of the process."""
    with suppress(OSError):
        # The terminal may be gone.
        print("interrupted", file=sys.stderr, flush=True)
    return interrupt.status if isinstance(interrupt, _EndedError) else INTERRUPTED


@contextmanager
def _signals_raised() -> Iterator[None]:
    """Raise the first SIGTERM or SIGHUP in the main thread, as Ctrl-C is; the second one kills.

    What `nohup` started goes on without its terminal.
    """
    main = threading.current_thread() is threading.main_thread()
    ours = [each for each in _STATUSES if main and signal.getsignal(each) is signal.SIG_DFL]

    def let_kill() -> None:
        for each in ours:
            signal.signal(each, signal.SIG_DFL)

    def stop(by: int, _: object) -> None:
        let_kill()
        raise _EndedError(by)

    for each in ours:
        signal.signal(each, stop)
    try:
        yield
    finally:
        let_kill()
