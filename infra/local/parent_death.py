"""A process that ends with the one that started it, even on kill -9.

The kernel (Linux) kills the child when the thread that started it dies. Asked for by the child
itself, because a `preexec_fn` may deadlock in a parent with threads: by calling `end_with_parent`,
or, for a program that is not ours, by running this file in between:

    python parent_death.py PARENT_PID PROGRAM [ARGUMENT ...]
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Let the kernel kill this process when the process `parent`, which started it, dies.

    Exits with status 1 where that is dead already. Does nothing on other systems than Linux.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # It may have died before: then this process has another parent by now.
    if os.getppid() != parent:
        raise SystemExit(1)


if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 (no shell is wanted)
