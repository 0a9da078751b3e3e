"""Atomic writing of files.

Not a message; it is here because every package writes files, and this is the only package that all
others may import.
"""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a new path beside `path` to write to; on exit its file replaces `path`.

    Missing folders are created. After an error `path` is unchanged and nothing is left beside it; a
    killed process leaves a `.tmp` file, which is ignored. The name is random, so two processes may
    write the same file: the one that finishes last wins.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write `content` to `path`, text as UTF-8; a reader sees the old file or the new one."""
    with atomic_path(path) as draft:
        draft.write_bytes(content.encode() if isinstance(content, str) else content)
