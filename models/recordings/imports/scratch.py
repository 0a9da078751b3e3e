"""A temporary folder that is kept as long as something reads from it."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path


class Scratch:
    """A new folder below the system's temporary one, removed with the last holder."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="egolog-import-"))
        self._end = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def remove(self) -> None:
        """Remove it now."""
        self._end()
