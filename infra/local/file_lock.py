"""Locks of files, which the system drops when the last process that has the file open ends."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def lock(file: int, path: Path) -> None:
    """Lock the open file at `path`, waiting for whoever has the lock; raises as `try_lock`."""
    _flock(file, path, fcntl.LOCK_EX)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of the file at `path`, which is made if it is not there; raises as `try_lock`.

    Waits for whoever has the lock.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        lock(file.fileno(), path)
        yield


def try_lock(file: int, path: Path) -> bool:
    """Lock the open file at `path`; return False if another process has the lock.

    Raises `ServiceError` where the file system has no locks, as some network drives.
    """
    try:
        _flock(file, path, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _flock(file: int, path: Path, operation: int) -> None:
    try:
        fcntl.flock(file, operation)
    except BlockingIOError:
        raise
    except OSError as error:
        raise ServiceError(
            f"file {path} cannot be locked ({(error.strerror or str(error)).lower()}): expected a "
            "folder on a disk that locks files"
        ) from error
