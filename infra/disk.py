"""Whether the disk that the run folder lies on has room."""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MIN_FREE_BYTES = 100_000_000


def disk_problem(folder: Path, min_free_bytes: int = MIN_FREE_BYTES) -> str | None:
    """Return in one line that a folder's disk is full, None where it has room or is not known."""
    free = free_bytes(folder)
    if free is None or free >= min_free_bytes:
        return None
    return (
        f"disk of {folder} has {free // 1_000_000} MB left: expected at least "
        f"{min_free_bytes // 1_000_000} MB"
    )


def full_disk(error: OSError) -> str | None:
    """Return in one line that a disk is full where an error says so, None for any other."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return None
    where = f" of {error.filename}" if error.filename else ""
    return f"disk{where} is full: make room, or set EGOLOG_RUN_DIR to a folder on another disk"


def free_bytes(folder: Path) -> int | None:
    """Return how many bytes may still be written, None where the folder cannot be asked."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
