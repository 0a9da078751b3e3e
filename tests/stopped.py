"""Programs that a signal stops in the middle of their work."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

HANGUP = pytest.mark.skipif(
    signal.getsignal(signal.SIGHUP) is signal.SIG_IGN, reason="nohup started these tests"
)
SIGNALS = pytest.mark.parametrize(
    ("by", "status"),
    [
        (signal.SIGINT, 130),
        (signal.SIGTERM, 143),
        pytest.param(signal.SIGHUP, 129, marks=HANGUP),
    ],
)
"""The signals that stop a program, and the status that it ends with."""


def stopped(by: signal.Signals) -> Callable[..., int]:
    """Return work of any arguments that the signal stops."""

    def work(*_: object) -> int:
        # A shell ignores Ctrl-C for what it starts in the background, as these tests may be.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            os.kill(os.getpid(), by)
            time.sleep(60)
        finally:
            signal.signal(signal.SIGINT, before)
        return 0

    return work
