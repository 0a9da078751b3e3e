"""Exclusive use of a folder by one fine-tuner."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

from infra.errors import FinetuneError

if TYPE_CHECKING:
    from pathlib import Path


class FolderLock:
    """Holds a folder while entered; raises `FinetuneError` if another process holds it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"

    def __enter__(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise FinetuneError(
                f"folder {self._path.parent} is in use by another fine-tuner: "
                "end it, or set another EGOLOG_RUN_DIR"
            ) from None

    def __exit__(self, *_: object) -> None:
        self._file.close()
