"""Runs a shell's command, and kills its whole process group when whoever started it is gone.

    python own_group.py FD TEXT

It leads the group. FD is the reading end of a pipe. Only the process that started it has the other
end, which is closed however that process ends, even by kill -9.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading


def _end_with(fd: int) -> None:
    os.read(fd, 1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=_end_with, args=(int(sys.argv[1]),), daemon=True).start()
    # It is of the group that gets a Ctrl-C, and waits for how the command takes it.
    signal.signal(signal.SIGINT, lambda *_: None)
    status = subprocess.call(["bash", "-c", sys.argv[2]])
    sys.exit(status if status >= 0 else 128 - status)
