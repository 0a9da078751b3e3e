"""What lies in a folder that `folder:` does not read, and `import:` does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from models.recordings.imports.media import MEDIA_SUFFIXES
from models.recordings.imports.name_times import named_time
from models.recordings.imports.sound import SOUND_SUFFIXES
from models.recordings.named_times import named_ns

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SOUND = frozenset((".wav", ".flac"))
_IMPORTED = SOUND_SUFFIXES | MEDIA_SUFFIXES
_INSTEAD = "is not read by folder:, but by import:PATH"


def unread(folder: Path) -> list[tuple[Path, str]]:
    """Return a folder's sound of other kinds, and its folders with recordings, with reasons."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir() and any(map(_is_signal, path.rglob("*"))):
            found.append((path, f"is a folder of its own, which {_INSTEAD}"))
        elif path.suffix.lower() in _IMPORTED - SOUND:
            found.append((path, _INSTEAD))
    return found


def unread_times(paths: Iterable[Path]) -> list[tuple[Path, str]]:
    """Return the files whose names have a time in a form that `named_ns` does not read."""
    now_ns = time.time_ns()
    return [
        (
            path,
            "the time in its name is not read: name it as 2026-03-02T08-00-00Z, or give the folder "
            "as import:PATH",
        )
        for path in paths
        if named_ns(path) is None and named_time(path.stem, now_ns) is not None
    ]


def _is_signal(path: Path) -> bool:
    return path.suffix.lower() in _IMPORTED | {".csv"}
