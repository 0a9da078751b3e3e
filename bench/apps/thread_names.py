"""Setting the kernel's thread names to Python's, so that CPU time can be split by thread.

Python 3.11 and 3.12 do not do this themselves.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_EVERY_S = 2.0
_KERNEL_LENGTH = 15


def name_threads(named: Collection[int | None] = ()) -> set[int | None]:
    """Name each running thread but the main one, without the number of a pool's thread.

    Threads in `named` are skipped. Returns the ids of all running threads.
    """
    threads = threading.enumerate()
    for thread in threads:
        if thread is threading.main_thread() or thread.native_id in (None, *named):
            continue
        name = thread.name.rstrip("0123456789").rstrip("-_")
        # The thread may have ended meanwhile.
        with suppress(OSError):
            path = Path(f"/proc/self/task/{thread.native_id}/comm")
            path.write_text(name[:_KERNEL_LENGTH], encoding="utf-8")
    return {thread.native_id for thread in threads}


def keep_naming_threads() -> None:
    """Name threads periodically, because pools start theirs on demand."""

    def forever() -> None:
        named: set[int | None] = set()
        while True:
            named = name_threads(named)
            time.sleep(_EVERY_S)

    threading.Thread(target=forever, name="naming", daemon=True).start()
