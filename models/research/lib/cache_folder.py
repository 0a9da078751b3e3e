"""Where a command keeps what it composes or draws."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def cache_folder(given: Path | None) -> Iterator[Path]:
    """Yield the folder of `--cache`, or without that option one that is deleted at the end."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="egolog-cache-") as folder:
        yield Path(folder)
