"""The C library's allocator, which else gives memory back that the next second needs again.

A second of sound needs a few hundred kilobytes for a millisecond. glibc hands blocks of that size
back to the kernel as soon as they are free, and the kernel hands out zeroed pages one by one when
they are written again: a third of what features cost.
"""

from __future__ import annotations

import ctypes

# Names and numbers of malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
# Free memory at the end of each thread's heap that stays, and the size from which a block is
# mapped by itself: a fetch's bytes are below it.
_KEPT_BYTES = 16 << 20
_MAPPED_FROM_BYTES = 8 << 20


def keep_freed_memory() -> bool:
    """Let freed memory stay with the process; return False where the C library is another one."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)) and bool(
        mallopt(_M_MMAP_THRESHOLD, _MAPPED_FROM_BYTES)
    )
