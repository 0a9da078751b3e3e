from __future__ import annotations

import platform
import subprocess
import sys

import pytest

# Touches ten megabytes in blocks that glibc else gives back, first in one thread and then in
# another, and prints the page faults of the second time.
_FAULTS = """
import resource
from threading import Thread

from streams.engine.allocator import keep_freed_memory

assert keep_freed_memory()


def touch():
    blocks = [bytearray(500_000) for _ in range(20)]
    for block in blocks:
        block[::4096] = bytes(len(block[::4096]))


first = Thread(target=touch)
first.start()
first.join()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
touch()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator is not glibc's")
def test_memory_that_a_thread_freed_is_there_for_all_without_the_kernel() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _FAULTS], capture_output=True, text=True, check=True
    )
    # 2,441 pages of 4 kB otherwise.
    assert int(ran.stdout) < 200
