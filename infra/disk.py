"""Free space on the disk of the run folder, and files that cannot be used."""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MIN_FREE_BYTES = 100_000_000


def disk_problem(folder: Path, min_free_bytes: int = MIN_FREE_BYTES) -> str | None:
    """Return one line if a folder's disk is nearly full; None if it has room or is unknown."""
    free = free_bytes(folder)
    if free is None or free >= min_free_bytes:
        return None
    return (
        f"disk of {folder} has {free // 1_000_000} MB left: expected at least "
        f"{min_free_bytes // 1_000_000} MB"
    )


def full_disk(error: OSError) -> str | None:
    """Return one line if `error` means that a disk is full, else None."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return None
    where = f" of {error.filename}" if error.filename else ""
    return f"disk{where} is full: make room, or set EGOLOG_RUN_DIR to a folder on another disk"


def unusable_file(error: OSError) -> str:
    """Return one line of an `error` about a full disk or a file; raises any other error."""
    full = full_disk(error)
    # Of a file that is renamed, the new name is the one that a user gave.
    name = error.filename2 or error.filename
    if full is not None:
        return full
    if name is None or error.strerror is None:
        raise error
    return f"file {str(name)!r} cannot be used: {error.strerror.lower()}"


def free_bytes(folder: Path) -> int | None:
    """Return the free bytes of a folder's disk, or None if they cannot be determined."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
