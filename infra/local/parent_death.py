"""Child processes that die with their parent, even on kill -9.

On Linux the kernel kills the child when the thread that started it dies. The child requests this
itself, because a `preexec_fn` may deadlock in a parent with threads: by calling `end_with_parent`,
or, for other programs, by running through this file:

    python parent_death.py PARENT_PID PROGRAM [ARGUMENT ...]
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent process dies.

    Exits with status 1 if the parent is already dead. Does nothing on systems other than Linux.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have died before the request; then this process already has another parent.
    if os.getppid() != parent:
        raise SystemExit(1)


if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 (no shell is wanted)
