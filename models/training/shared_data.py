"""Where the real recordings are: named by the environment, or beside the repository."""

from __future__ import annotations

import os
from pathlib import Path

ENVIRONMENT = "EGOLOG_SHARED_DATA"


def shared_data() -> Path | None:
    """Return the folder of real recordings, or None where there is none."""
    named = os.environ.get(ENVIRONMENT)
    folder = Path(named) if named else Path(__file__).parents[2].parent / "shared" / "data"
    return folder if (folder / "audio").is_dir() else None
