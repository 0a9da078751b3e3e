"""Python's names of threads as the kernel's, by which CPU seconds are told apart.

Python 3.11 and 3.12 keep the names to themselves.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path

_EVERY_S = 2.0
_KERNEL_LENGTH = 15


def name_threads() -> None:
    """Give each running thread but the main one its name, without the number of a pool's thread."""
    for thread in threading.enumerate():
        if thread is threading.main_thread() or thread.native_id is None:
            continue
        name = thread.name.rstrip("0123456789").rstrip("-_")
        # It may have ended since.
        with suppress(OSError):
            path = Path(f"/proc/self/task/{thread.native_id}/comm")
            path.write_text(name[:_KERNEL_LENGTH], encoding="utf-8")


def keep_naming_threads() -> None:
    """Name the threads again and again, as pools start theirs when there is work."""

    def forever() -> None:
        while True:
            name_threads()
            time.sleep(_EVERY_S)

    threading.Thread(target=forever, name="naming", daemon=True).start()
