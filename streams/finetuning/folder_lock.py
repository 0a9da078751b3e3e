"""Exclusive use of a folder by one fine-tuner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.errors import FinetuneError
from infra.local.file_lock import try_lock

if TYPE_CHECKING:
    from pathlib import Path


class FolderLock:
    """Holds a folder while entered.

    Raises `FinetuneError` if another process holds it, and `ServiceError` if its disk has no locks.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"

    def __enter__(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w")
        try:
            if not try_lock(self._file.fileno(), self._path):
                raise FinetuneError(
                    f"folder {self._path.parent} is in use by another fine-tuner: end it, or set "
                    "EGOLOG_RUN_DIR and EGOLOG_APP_ID to others (two of one app share its queue)"
                )
        except BaseException:
            self._file.close()
            raise

    def __exit__(self, *_: object) -> None:
        self._file.close()
