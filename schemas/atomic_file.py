"""Files that appear whole or not at all.

Not a message; it is here because every package writes files, and this is the only one that all of
them may import.
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
    """Give a new path beside `path` to write to; on leaving, its file takes the place of `path`.

    Missing folders are made. After an error `path` is as it was and nothing is left beside it; a
    process that is killed leaves a `.tmp` file that nobody reads. The name is random, so two
    processes may write the same file: the one that finishes last wins.
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
