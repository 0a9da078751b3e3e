"""Whether the disk that the run folder lies on has room."""

from __future__ import annotations

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


def free_bytes(folder: Path) -> int | None:
    """Return how many bytes may still be written, None where the folder cannot be asked."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
