"""A pool of processes that ends at once at a signal or an error, whatever is still queued."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from typing import TYPE_CHECKING

from infra.local.parent_death import end_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def process_pool(
    processes: int, initializer: Callable[[], object] | None = None
) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of `processes`, each of which runs `initializer` first.

    An exception ends its processes, those of other pools too; they have no result to wait for. On
    Linux so does the death of this one, by whatever signal; start them on a thread that stays.
    """
    # A fork would copy the parent's threads' locks, not its threads.
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _begin, (os.getpid(), initializer))
    try:
        yield pool
    except BaseException:
        # Leaving the pool's own block would first finish what runs, minutes or hours.
        pool.shutdown(wait=False, cancel_futures=True)
        for process in active_children():
            process.terminate()
        raise
    pool.shutdown()


def _begin(parent: int, initializer: Callable[[], object] | None) -> None:
    end_with_parent(parent)
    # A terminal's Ctrl-C goes to all of them; the parent ends its children.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if initializer is not None:
        initializer()
